import type { Subscriber } from '../platform/events/subscriber.ts'
import { eventTypeOf } from './model.ts'
import { insertRows } from './store.ts'
import { AUDITED_EVENTS, toRow } from './words.ts'

export interface AuditDeps {
  /** Names of kinds that are not to be written down, as the settings have them. */
  disabledTypes(): Promise<ReadonlySet<string>>
}

/** Writes the audit log from the events: each exactly once and in their order, a batch in one statement. */
export function auditTrail(deps: AuditDeps): Subscriber {
  return {
    name: 'audit',
    types: AUDITED_EVENTS,
    async handle(tx, events) {
      const disabled = await deps.disabledTypes()
      const rows = events
        .map((event) => toRow(event))
        .filter((row) => row !== undefined)
        .filter((row) => !disabled.has(eventTypeOf(row)))
      await insertRows(tx, rows)
    },
  }
}
