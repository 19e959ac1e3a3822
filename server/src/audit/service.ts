import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { type LegacyAuditField, listLegacyRows } from './legacy-store.ts'
import { type AuditField, countRows, listRows } from './list-store.ts'
import type { AuditRow, AuditScope, LegacyAuditRow } from './model.ts'
import { ensurePartitions } from './partition-store.ts'

/** Makes the partitions of this month and the next, so that no insert has to. To be called now and then. */
export async function ensureComingPartitions(deps: { db: Database; now(): Date }): Promise<void> {
  const now = deps.now()
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1))
  await deps.db.transaction().execute((tx) => ensurePartitions(tx, [now, next]))
}

/** What a list of entries is asked for. */
export interface AuditQuery<Field extends string> {
  filters: Filter<Field>[]
  orders: Order<Field>[]
  page: Page
}

/** One page of the entries in the scope, newest first unless asked otherwise, and how many there are. */
export async function findAuditRows(
  deps: { db: Database },
  scope: AuditScope,
  { filters, orders, page }: AuditQuery<AuditField>,
): Promise<{ rows: AuditRow[]; total: number }> {
  const selection = { scope, filters }
  const total = await countRows(deps.db, selection)
  const rows = total > page.offset ? await listRows(deps.db, selection, orders, page) : []
  return { rows, total }
}

/** The same of the entries that were taken over from a Harbor before 2.13. */
export async function findLegacyRows(
  deps: { db: Database },
  scope: AuditScope,
  { filters, orders, page }: AuditQuery<LegacyAuditField>,
): Promise<{ rows: LegacyAuditRow[]; total: number }> {
  return listLegacyRows(deps.db, scope, filters, orders, page)
}
