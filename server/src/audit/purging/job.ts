import type { JobKind, TaskContext } from '../../jobs/kind.ts'
import type { SystemJob } from '../../jobs/system-job/service.ts'
import type { Database } from '../../platform/db/database.ts'
import { transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import type { EventSelection } from '../model.ts'
import { dropPartitionsBefore } from '../partition-store.ts'
import {
  countBefore,
  countOldRows,
  deleteEmptyCounts,
  deleteSomeLegacyRows,
  deleteSomeRows,
  limitWaiting,
} from './store.ts'

/** Harbor's name for it. */
export const PURGE_AUDIT_LOG = 'PURGE_AUDIT_LOG'

interface PurgeInput {
  /** Entries older than so many hours go. */
  hours: number
  /** Names of events: `create_artifact`, or `create` for everything that was created. */
  events: readonly string[]
  dryRun: boolean
}

/** Where a run stands; kept in the transaction that did what it tells of. */
interface State {
  /** What is older goes, whoever goes on with it. */
  before: string
  deleted: number
}

const MOST_HOURS = 240_000
const BATCH = 5_000

/** The purge as it is started and scheduled. */
export const purgeSystemJob: SystemJob = {
  name: PURGE_AUDIT_LOG,
  what: 'scheduled log rotation purge',
  readParameters(given) {
    const hours = given.audit_retention_hour
    const events = given.include_event_types
    if (typeof hours !== 'number' || !Number.isInteger(hours) || hours < 0) {
      throw new DomainError('bad-request', 'bad request: audit_retention_hour should provide')
    }
    if (hours > MOST_HOURS) {
      throw new DomainError(
        'bad-request',
        `bad request: audit_retention_hour should be less than ${MOST_HOURS}`,
      )
    }
    if (typeof events !== 'string' || events.trim() === '') {
      throw new DomainError('bad-request', 'bad request: include_event_types should provide')
    }
    return { audit_retention_hour: hours, dry_run: given.dry_run === true, include_event_types: events }
  },
  toInput: (parameters): PurgeInput => ({
    hours: Number(parameters.audit_retention_hour),
    events: String(parameters.include_event_types).split(','),
    dryRun: parameters.dry_run === true,
  }),
}

/**
 * Deletes old entries of the chosen events, in batches. Months of which every entry is to go are dropped as a whole, which
 * takes no longer for many.
 */
export function purgeAuditLog(deps: { db: Database; now(): Date }): JobKind {
  return {
    name: PURGE_AUDIT_LOG,
    limit: 1,
    attempts: 1,
    async run(context) {
      const { hours, events, dryRun } = context.task.input as PurgeInput
      const selection = selectionOf(events)
      const age = deps.now().getTime() - hours * 3_600_000
      const state: State = {
        before: new Date(age).toISOString(),
        deleted: 0,
        ...(context.task.state as State | undefined),
      }
      const before = new Date(state.before)
      context.log(`entries before ${state.before} of ${events.join(', ')}`)
      if (dryRun) {
        context.log(`${await countOldRows(deps.db, before, selection)} entries would be deleted`)
        return
      }
      await dropMonths(deps.db, selection, state, context)
      await deleteRows(deps.db, selection, state, context)
      await deleteEmptyCounts(deps.db, before)
      // Once more: whoever was interrupted before it could tell has nothing left to delete.
      await context.report({ purged_entries: state.deleted })
      context.log(`${state.deleted} entries were deleted`)
    },
  }
}

/** What names of events choose. Unknown ones choose nothing. */
function selectionOf(events: readonly string[]): EventSelection {
  const names = events.map((name) => name.trim()).filter((name) => name !== '')
  return {
    operations: names.filter((name) => !name.includes('_')),
    pairs: names.flatMap((name) => {
      const at = name.indexOf('_')
      return at < 0 ? [] : [{ operation: name.slice(0, at), resourceType: name.slice(at + 1) }]
    }),
  }
}

async function dropMonths(
  db: Database,
  selection: EventSelection,
  state: State,
  context: TaskContext,
): Promise<void> {
  const before = new Date(state.before)
  const month = new Date(Date.UTC(before.getUTCFullYear(), before.getUTCMonth(), 1))
  const { chosen, others } = await countBefore(db, month, selection)
  if (chosen === 0 || others > 0) return
  try {
    const next = { ...state, deleted: state.deleted + chosen }
    const line = await db.transaction().execute(async (tx) => {
      await limitWaiting(tx)
      const dropped = await dropPartitionsBefore(tx, before)
      const told = `dropped the months ${dropped.join(', ')}, ${chosen} entries`
      await context.save(next, tx, [told])
      return told
    })
    context.log(line)
    Object.assign(state, next)
  } catch (error) {
    // Somebody reads them for long: they go row by row.
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error
    context.log('the months before are being read and are not dropped')
  }
}

const LOCK_NOT_AVAILABLE = '55P03'

async function deleteRows(
  db: Database,
  selection: EventSelection,
  state: State,
  context: TaskContext,
): Promise<void> {
  const before = new Date(state.before)
  for (const deleteSome of [deleteSomeRows, deleteSomeLegacyRows]) {
    for (let count = BATCH; count === BATCH; ) {
      context.signal.throwIfAborted()
      count = await transact(db, async (tx) => {
        const some = await deleteSome(tx, before, selection, BATCH)
        await context.save({ ...state, deleted: state.deleted + some }, tx)
        return some
      })
      state.deleted += count
      await context.report({ purged_entries: state.deleted })
    }
  }
}
