import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import type { Label, LabelText } from './model.ts'

/** Fields that lists of labels are filtered and sorted by. */
export type LabelField =
  | 'id'
  | 'name'
  | 'description'
  | 'color'
  | 'scope'
  | 'project_id'
  | 'creation_time'
  | 'update_time'

const COLUMNS = {
  id: sql.ref('labels.id'),
  name: sql.ref('labels.name'),
  description: sql.ref('labels.description'),
  color: sql.ref('labels.color'),
  scope: sql`CASE WHEN labels.project_id IS NULL THEN 'g' ELSE 'p' END`,
  project_id: sql`coalesce(labels.project_id, 0)`,
  creation_time: sql.ref('labels.creation_time'),
  update_time: sql.ref('labels.update_time'),
} as const satisfies Record<LabelField, Expression<unknown>>

/** One page of the labels of a project, or of the global ones, by name unless `orders` say otherwise. */
export async function selectLabels(
  db: Database,
  projectId: number | undefined,
  filters: readonly Filter<LabelField>[],
  orders: readonly Order<LabelField>[],
  page: Page,
): Promise<Label[]> {
  let query = within(db, projectId, filters).selectAll()
  for (const { field, descending } of orders)
    query = query.orderBy(COLUMNS[field], descending ? 'desc' : 'asc')
  // Names are unique within a project.
  const rows = await query.orderBy('labels.name').limit(page.limit).offset(page.offset).execute()
  return rows.map(toLabel)
}

/** How many labels of a project, or global ones, match. */
export async function countLabels(
  db: Database,
  projectId: number | undefined,
  filters: readonly Filter<LabelField>[],
): Promise<number> {
  const { count } = await within(db, projectId, filters)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The label of that id. */
export async function findLabel(db: Database, id: number): Promise<Label | undefined> {
  const row = await db.selectFrom('labels').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toLabel(row)
}

/** Id of the new label, or undefined where the name is taken. */
export async function insertLabel(
  db: Database,
  projectId: number | undefined,
  text: LabelText,
): Promise<number | undefined> {
  const row = await db
    .insertInto('labels')
    .values({ project_id: projectId ?? null, ...text })
    .onConflict((conflict) => conflict.columns(['project_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Writes what may change of a label. */
export async function updateLabel(
  db: Database,
  id: number,
  { name, description, color }: LabelText,
): Promise<'done' | 'absent' | 'taken'> {
  try {
    const result = await db
      .updateTable('labels')
      .set({ name, description, color, update_time: sql<Date>`now()` })
      .where('id', '=', id)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n ? 'done' : 'absent'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}

/** Whether there was such a label. It is taken off whatever bears it. */
export async function deleteLabel(db: Database, id: number): Promise<boolean> {
  const result = await db.deleteFrom('labels').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes the labels of projects that are gone. */
export async function deleteLabelsOf(db: Database, projectIds: readonly number[]): Promise<void> {
  await db
    .deleteFrom('labels')
    .where('project_id', 'in', [...projectIds])
    .execute()
}

function within(db: Database, projectId: number | undefined, filters: readonly Filter<LabelField>[]) {
  let query = db.selectFrom('labels').where('labels.project_id', 'is not distinct from', projectId ?? null)
  for (const filter of filters) query = query.where(condition(COLUMNS[filter.field], filter))
  return query
}

interface Row extends LabelText {
  id: number
  project_id: number | null
  creation_time: Date
  update_time: Date
}

/** A row of `labels` as a label. */
export function toLabel(row: Row): Label {
  return {
    id: row.id,
    projectId: row.project_id ?? undefined,
    name: row.name,
    description: row.description,
    color: row.color,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}
