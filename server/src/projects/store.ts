import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { type Allowlist, type Project, UNLIMITED } from './model.ts'

/** Columns of a project, and how a row of them becomes one. Shared by the statements of this slice. */
export const PROJECT_COLUMNS = [
  'projects.id',
  'projects.name',
  'projects.public',
  'projects.owner_id',
  'projects.metadata',
  'projects.cve_allowlist',
  'projects.storage_limit',
  'projects.creation_time',
  'projects.update_time',
] as const

export interface ProjectRow {
  id: number
  name: string
  public: boolean
  owner_id: number
  metadata: Record<string, string>
  cve_allowlist: Allowlist | null
  storage_limit: number | null
  creation_time: Date
  update_time: Date
}

export function toProject(row: ProjectRow): Project {
  return {
    id: row.id,
    name: row.name,
    public: row.public,
    ownerId: row.owner_id,
    metadata: row.metadata,
    allowlist: row.cve_allowlist ?? { items: [] },
    storageLimit: row.storage_limit ?? UNLIMITED,
    creationTime: row.creation_time,
    updateTime: row.update_time,
  }
}

type Content = Pick<Project, 'metadata' | 'allowlist' | 'storageLimit'>

function columnsOf({ metadata, allowlist, storageLimit }: Content) {
  const kept = allowlist.items.length > 0 || allowlist.expiresAt !== undefined
  return {
    metadata: JSON.stringify(metadata),
    cve_allowlist: kept ? JSON.stringify(allowlist) : null,
    storage_limit: storageLimit === UNLIMITED ? null : storageLimit,
  }
}

/** The live project of that id. With `lock`, its row stays locked until the transaction ends. */
export async function findById(
  db: Database,
  id: number,
  lock?: 'update' | 'delete',
): Promise<Project | undefined> {
  const row = await live(db)
    .where('projects.id', '=', id)
    .$if(lock === 'update', (query) => query.forNoKeyUpdate())
    // Waits for those who are adding a repository to it, and keeps new ones waiting.
    .$if(lock === 'delete', (query) => query.forUpdate())
    .executeTakeFirst()
  return row && toProject(row)
}

/** The live project of that name. */
export async function findByName(db: Database, name: string): Promise<Project | undefined> {
  const row = await live(db).where('projects.name', '=', name).executeTakeFirst()
  return row && toProject(row)
}

/** The live project that once had that name. */
export async function findByAlias(db: Database, name: string): Promise<Project | undefined> {
  const row = await live(db)
    .innerJoin('project_aliases', 'project_aliases.project_id', 'projects.id')
    .where('project_aliases.name', '=', name)
    .executeTakeFirst()
  return row && toProject(row)
}

/** Id of the new project, or undefined where a live one has the name. A former name of another gives way. */
export async function insertProject(
  db: Database,
  project: Pick<Project, 'name' | 'ownerId' | 'public'> & Content,
): Promise<number | undefined> {
  const row = await db
    .insertInto('projects')
    .values({
      name: project.name,
      owner_id: project.ownerId,
      public: project.public,
      ...columnsOf(project),
    })
    .onConflict((conflict) => conflict.column('name').where('deletion_time', 'is', null).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row) await db.deleteFrom('project_aliases').where('name', '=', project.name).execute()
  return row?.id
}

/** Ids of all live projects. */
export async function listProjectIds(db: Database): Promise<number[]> {
  const rows = await db.selectFrom('projects').select('id').where('deletion_time', 'is', null).execute()
  return rows.map((row) => row.id)
}

/** Whether there was ever a project, deleted ones included. */
export async function hadProjects(db: Database): Promise<boolean> {
  return (await db.selectFrom('projects').select('id').limit(1).executeTakeFirst()) !== undefined
}

/** Writes what may change of a project. */
export async function updateProject(
  db: Database,
  project: Pick<Project, 'id' | 'public'> & Content,
): Promise<void> {
  await db
    .updateTable('projects')
    .set({ public: project.public, ...columnsOf(project), update_time: sql<Date>`now()` })
    .where('id', '=', project.id)
    .execute()
}

/** Writes how many bytes the project may hold, -1 for any number. */
export async function setStorageLimit(db: Database, id: number, limit: number): Promise<void> {
  await db
    .updateTable('projects')
    .set({ storage_limit: limit === UNLIMITED ? null : limit, update_time: sql<Date>`now()` })
    .where('id', '=', id)
    .execute()
}

/** Marks the project as deleted: its name, and its former names, are free. */
export async function markDeleted(db: Database, id: number): Promise<void> {
  await db.updateTable('projects').set({ deletion_time: sql<Date>`now()` }).where('id', '=', id).execute()
  await db.deleteFrom('project_aliases').where('project_id', '=', id).execute()
}

function live(db: Database) {
  return db.selectFrom('projects').select(PROJECT_COLUMNS).where('projects.deletion_time', 'is', null)
}
