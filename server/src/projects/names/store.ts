import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { isUniqueViolation } from '../../platform/db/violations.ts'

/** A former name of a project that still leads to it. */
export interface ProjectAlias {
  name: string
  creationTime: Date
}

/**
 * Gives a project another name. The name it had leads to it from now on, and the new one leads to nobody else
 * any more. Answers false where a live project has the name already; the transaction is lost then.
 */
export async function renameProjectRow(
  tx: Database,
  project: { id: number; name: string },
  name: string,
): Promise<boolean> {
  try {
    await tx
      .updateTable('projects')
      .set({ name, update_time: sql<Date>`now()` })
      .where('id', '=', project.id)
      .execute()
  } catch (error) {
    if (isUniqueViolation(error)) return false
    throw error
  }
  await tx.deleteFrom('project_aliases').where('name', '=', name).execute()
  await tx
    .insertInto('project_aliases')
    .values({ name: project.name, project_id: project.id })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ project_id: project.id }))
    .execute()
  return true
}

/** One page of the former names of a project that still lead to it, in their order. */
export async function listProjectAliases(
  db: Database,
  projectId: number,
  page: Page,
): Promise<ProjectAlias[]> {
  const rows = await db
    .selectFrom('project_aliases')
    .select(['name', 'creation_time'])
    .where('project_id', '=', projectId)
    .orderBy('name')
    .limit(page.limit)
    .offset(page.offset)
    .execute()

  return rows.map((row) => ({ name: row.name, creationTime: row.creation_time }))
}

export async function countProjectAliases(db: Database, projectId: number): Promise<number> {
  const row = await db
    .selectFrom('project_aliases')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()

  return Number(row.count)
}

/** Lets a former name lead nowhere any more; answers whether it led to this project. */
export async function deleteProjectAlias(db: Database, projectId: number, name: string): Promise<boolean> {
  const result = await db
    .deleteFrom('project_aliases')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .executeTakeFirst()

  return result.numDeletedRows > 0n
}
