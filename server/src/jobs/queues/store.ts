import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** What waits of a kind. */
export interface Queue {
  kind: string
  waiting: number
  /** Seconds that the one waits which waits longest. */
  latency: number
}

/** Kinds of which something waits that is due. */
export async function selectQueues(db: Database): Promise<Queue[]> {
  const result = await sql<Queue>`
    SELECT kind, count(*)::int AS waiting,
      coalesce(extract(epoch FROM now() - min(due_time)), 0)::bigint AS latency
    FROM tasks WHERE status IN ('Pending', 'Scheduled') AND due_time <= now() GROUP BY kind`.execute(db)

  return result.rows
}

/** Kinds that are paused. */
export async function selectPaused(db: Database): Promise<Set<string>> {
  const rows = await db.selectFrom('paused_kinds').select('kind').execute()

  return new Set(rows.map((row) => row.kind))
}

export async function pauseKinds(db: Database, kinds: readonly string[]): Promise<void> {
  await db
    .insertInto('paused_kinds')
    .values(kinds.map((kind) => ({ kind })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function resumeKinds(db: Database, kinds: readonly string[]): Promise<void> {
  await db
    .deleteFrom('paused_kinds')
    .where('kind', 'in', [...kinds])
    .execute()
}
