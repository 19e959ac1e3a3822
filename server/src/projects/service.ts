import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import type { Settings } from '../settings/settings.ts'
import { findLowestAdministrator } from '../users/store.ts'
import { knownMetadata } from './metadata/model.ts'
import { type Allowlist, checkName, checkStorageLimit, type Project } from './model.ts'
import {
  findByAlias,
  findById,
  findByName,
  hadProjects,
  insertProject,
  markDeleted,
  updateProject,
} from './store.ts'

export interface ProjectsDeps {
  db: Database
  settings: Settings
  /** How many repositories each project shows; projects without any are left out. From `repositories`. */
  countRepositories(db: Database, projectIds: number[]): Promise<Map<number, number>>
  /** Bytes that a project's content takes. From `quotas`. */
  usedStorage(db: Database, projectId: number): Promise<number>
  /** Whether limits hold, as without this function; where they do not, nobody is shown them. */
  quotasEnforced?(): boolean
  /** Makes a user the project's administrator. From `members`. */
  addProjectAdmin(tx: Database, projectId: number, userId: number): Promise<void>
}

export interface NewProject {
  name: string
  metadata: Readonly<Record<string, string | null | undefined>>
  /** Used where the metadata says nothing of it. */
  public?: boolean | undefined
  allowlist?: Allowlist | undefined
  storageLimit?: number | undefined
}

/** The live project of that name, now or formerly. One indexed statement where the name is the current one. */
export async function findProjectByName(deps: { db: Database }, name: string): Promise<Project | undefined> {
  return (await findByName(deps.db, name)) ?? (await findByAlias(deps.db, name))
}

/** The live project of that id, or of that name where `byName` or where it is no number. */
export async function findProject(
  deps: { db: Database },
  nameOrId: string,
  byName: boolean,
): Promise<Project | undefined> {
  if (byName || !/^\d+$/.test(nameOrId)) return await findProjectByName(deps, nameOrId)
  const id = Number(nameOrId)
  return Number.isSafeInteger(id) ? await findById(deps.db, id) : undefined
}

/** The live project of that id; throws not-found. */
export async function getProject(deps: { db: Database }, id: number): Promise<Project> {
  const project = await findById(deps.db, id)
  if (!project) throw new DomainError('not-found', `project ${id} not found`)
  return project
}

/**
 * Creates a project, owned and administered by `actor` where he is a user, and answers its id. Throws bad-request for an illegal
 * name, metadata or limit, and conflict where a live project has the name.
 */
export async function createProject(deps: ProjectsDeps, input: NewProject, actor: Actor): Promise<number> {
  const { name, storageLimit = deps.settings.get('storage_per_project'), allowlist = { items: [] } } = input
  checkName(name)
  checkStorageLimit(storageLimit)
  const { public: flag, ...metadata } = knownMetadata(input.metadata)
  const isPublic = flag === undefined ? input.public === true : flag === 'true'

  return await deps.db.transaction().execute(async (tx) => {
    // A robot owns nothing, and is no member: what it creates belongs to the first system administrator.
    const ownerId = actor.robot ? (await findLowestAdministrator(tx))?.id : actor.id
    if (ownerId === undefined) throw new DomainError('precondition-failed', 'nobody could own the project')
    const id = await insertProject(tx, {
      name,
      ownerId,
      public: isPublic,
      metadata,
      allowlist,
      storageLimit,
    })
    if (id === undefined) throw new DomainError('conflict', `The project named ${name} already exists`)
    if (!actor.robot) await deps.addProjectAdmin(tx, id, actor.id)
    await emit(tx, { type: 'project.created', payload: { projectId: id, name, public: isPublic, actor } })
    return id
  })
}

/**
 * Creates the public project `library` where there was never a project, as a first start does. Safe when two
 * processes start at once.
 */
export async function ensureLibraryProject(deps: ProjectsDeps, owner: Actor): Promise<void> {
  if (await hadProjects(deps.db)) return
  try {
    await createProject(deps, { name: 'library', metadata: {}, public: true }, owner)
  } catch (error) {
    if (!(error instanceof DomainError && error.kind === 'conflict')) throw error
  }
}

/** What a change may carry; what is absent stays. */
export interface ProjectChange {
  metadata?: Readonly<Record<string, string | null | undefined>> | undefined
  public?: boolean | undefined
  allowlist?: Allowlist | undefined
}

/** Changes metadata, visibility and allow list. Throws not-found, and bad-request for metadata that is none. */
export async function changeProject(
  deps: { db: Database },
  id: number,
  change: ProjectChange,
  actor: Actor,
): Promise<void> {
  const { public: flag, ...metadata } = knownMetadata(change.metadata ?? {})
  const visibility = flag === undefined ? change.public : flag === 'true'

  await rewriteProject(deps, id, actor, (project) => ({
    ...project,
    public: visibility ?? project.public,
    metadata: { ...project.metadata, ...metadata },
    allowlist: change.allowlist ?? project.allowlist,
  }))
}

/**
 * Replaces a project by what `rewrite` makes of it, with the row locked meanwhile; what `rewrite` writes in its transaction is
 * written with it or not at all. Throws not-found.
 */
export async function rewriteProject(
  deps: { db: Database },
  id: number,
  actor: Actor,
  rewrite: (project: Project, tx: Database) => Project | Promise<Project>,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const project = await findById(tx, id, 'update')
    if (!project) throw new DomainError('not-found', `project ${id} not found`)
    const changed = await rewrite(project, tx)
    await updateProject(tx, changed)
    const payload = { projectId: id, name: project.name, public: changed.public, actor }
    await emit(tx, { type: 'project.updated', payload })
  })
}

/** Why a project cannot be deleted, or undefined. */
export async function findObstacle(
  deps: ProjectsDeps,
  id: number,
  db = deps.db,
): Promise<string | undefined> {
  const repositories = (await deps.countRepositories(db, [id])).get(id) ?? 0
  return repositories > 0 ? 'the project contains repositories, can not be deleted' : undefined
}

/** Deletes an empty project; its name is free at once. Throws not-found, and precondition-failed while it holds something. */
export async function deleteProject(deps: ProjectsDeps, id: number, actor: Actor): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const project = await findById(tx, id, 'delete')
    if (!project) throw new DomainError('not-found', `project ${id} not found`)
    const obstacle = await findObstacle(deps, id, tx)
    if (obstacle !== undefined)
      throw new DomainError('precondition-failed', `precondition failed: ${obstacle}`)
    await markDeleted(tx, id)
    await emit(tx, { type: 'project.deleted', payload: { projectId: id, name: project.name, actor } })
  })
}
