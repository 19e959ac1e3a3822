import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'

/** All that is stored, by name. */
export async function listStored(db: Database): Promise<Map<string, unknown>> {
  const rows = await db.selectFrom('settings').select(['name', 'value']).execute()
  return new Map(rows.map(({ name, value }) => [name, value]))
}

/** Lets one transaction at a time change settings: rules are about several of them. Readers do not wait. */
export async function lockStored(tx: Database): Promise<void> {
  await sql`LOCK TABLE settings IN SHARE ROW EXCLUSIVE MODE`.execute(tx)
}

/** Writes these, under `lockStored`. */
export async function putStored(
  tx: Database,
  values: ReadonlyMap<string, unknown>,
  now: Date,
): Promise<void> {
  if (values.size === 0) return
  const rows = [...values].map(([name, value]) => ({ name, value: JSON.stringify(value), update_time: now }))
  await tx
    .insertInto('settings')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((row) => ({
        value: row.ref('excluded.value'),
        update_time: row.ref('excluded.update_time'),
      })),
    )
    .execute()
}
