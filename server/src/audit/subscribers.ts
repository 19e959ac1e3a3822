import { type Subscriber, subscriber } from '../platform/events/subscriber.ts'
import { eventTypeOf } from './model.ts'
import { type Destinations, record } from './record.ts'
import { AUDITED_EVENTS, toRow } from './words.ts'

export interface AuditDeps {
  /** Names of kinds that are not to be written down, as the settings have them. */
  disabledTypes(): Promise<ReadonlySet<string>>
  /** Unless told they are kept and not forwarded. */
  destinations?(): Destinations
}

const KEPT: Destinations = { forward: false, keep: true }

/** Writes the audit log from the events: each exactly once and in their order, a batch in one statement. */
export function auditTrail(deps: AuditDeps): Subscriber {
  return subscriber({
    name: 'audit',
    types: AUDITED_EVENTS,
    async handle(tx, events) {
      const disabled = await deps.disabledTypes()
      const rows = events
        .map((event) => toRow(event))
        .filter((row) => row !== undefined)
        .filter((row) => !disabled.has(eventTypeOf(row)))
      await record(tx, rows, deps.destinations?.() ?? KEPT)
    },
  })
}
