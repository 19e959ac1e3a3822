import { type Expression, sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { condition, type Filter, type Order, type Page } from '../platform/db/list.ts'
import { isUniqueViolation } from '../platform/db/violations.ts'
import type { ImmutableRule, RuleContent } from './model.ts'

export type RuleField = 'id' | 'disabled' | 'creation_time'

const COLUMNS = {
  id: sql.ref('id'),
  disabled: sql.ref('disabled'),
  creation_time: sql.ref('creation_time'),
} as const satisfies Record<RuleField, Expression<unknown>>

export interface RuleList {
  filters: readonly Filter<RuleField>[]
  orders: readonly Order<RuleField>[]
  page: Page
}

/** The rules of a project that hold. */
export async function findActiveRules(db: Database, projectId: number): Promise<RuleContent[]> {
  const rows = await db
    .selectFrom('immutable_rules')
    .select('content')
    .where('project_id', '=', projectId)
    .where('disabled', '=', false)
    .execute()
  return rows.map((row) => row.content as RuleContent)
}

/** One page of the rules of a project, the oldest first unless told otherwise, and how many there are. */
export async function selectRules(
  db: Database,
  projectId: number,
  { filters, orders, page }: RuleList,
): Promise<{ rules: ImmutableRule[]; total: number }> {
  let within = db.selectFrom('immutable_rules').where('project_id', '=', projectId)
  for (const filter of filters) within = within.where(condition(COLUMNS[filter.field], filter))
  let query = within.select(['id', 'disabled', 'content'])
  for (const { field, descending } of orders)
    query = query.orderBy(COLUMNS[field], descending ? 'desc' : 'asc')

  const [rows, { count }] = await Promise.all([
    query.orderBy('id').limit(page.limit).offset(page.offset).execute(),
    within.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow(),
  ])
  return { rules: rows.map(toRule), total: Number(count) }
}

/** The rule of that id in the project. */
export async function findRule(
  db: Database,
  projectId: number,
  id: number,
): Promise<ImmutableRule | undefined> {
  const row = await db
    .selectFrom('immutable_rules')
    .select(['id', 'disabled', 'content'])
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toRule(row)
}

/** How many rules the project has. */
export async function countRules(db: Database, projectId: number): Promise<number> {
  const { count } = await db
    .selectFrom('immutable_rules')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** Id of the new rule, or undefined where the project has the same already. */
export async function insertRule(
  db: Database,
  projectId: number,
  { disabled, content }: Omit<ImmutableRule, 'id'>,
): Promise<number | undefined> {
  const row = await db
    .insertInto('immutable_rules')
    .values({ project_id: projectId, disabled, content: JSON.stringify(content) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Writes a rule anew. */
export async function updateRule(
  db: Database,
  { id, disabled, content }: ImmutableRule,
): Promise<'done' | 'absent' | 'taken'> {
  try {
    const result = await db
      .updateTable('immutable_rules')
      .set({ disabled, content: JSON.stringify(content) })
      .where('id', '=', id)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n ? 'done' : 'absent'
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}

/** Whether there was such a rule. */
export async function deleteRule(db: Database, id: number): Promise<boolean> {
  const result = await db.deleteFrom('immutable_rules').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Removes the rules of projects that are gone. */
export async function deleteRulesOf(db: Database, projectIds: readonly number[]): Promise<void> {
  await db
    .deleteFrom('immutable_rules')
    .where('project_id', 'in', [...projectIds])
    .execute()
}

function toRule(row: { id: number; disabled: boolean; content: unknown }): ImmutableRule {
  return { id: row.id, disabled: row.disabled, content: row.content as RuleContent }
}
