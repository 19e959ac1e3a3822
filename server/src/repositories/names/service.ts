import type { Actor } from '../../access/model.ts'
import { parseRepositoryName } from '../../oci/reference.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import {
  countAliases,
  deleteAlias,
  holdProject,
  listAliases,
  lockNames,
  lockRepository,
  type RepositoryAlias,
  renameRepositoryRow,
} from './store.ts'

export interface NamesDeps {
  db: Database
  /**
   * A repository is about to leave one project for another: what it takes there is counted there from now on.
   * Throws denied where the other project has no room for it. From `artifacts`.
   */
  moveUsage(tx: Database, repositoryId: number, projects: { from: number; to: number }): Promise<void>
  /** Takes what belongs to a project and not to its artifacts (its labels) off the artifacts that leave it. */
  leaveProject(tx: Database, repositoryId: number, projectId: number): Promise<void>
}

/** A project as it is named at the moment. */
interface NamedProject {
  id: number
  name: string
}

/** A repository by its name within a project. */
interface NamedRepository extends NamedProject {
  repository: string
}

/**
 * Gives a repository another name, or another project, or both, in one transaction. Its artifacts, tags and
 * history stay as they are; pulls by the old name go on working until the alias is dropped or the name is taken
 * by another rename. Throws not-found, bad-request for an illegal name, conflict where a repository has the
 * name, denied where the project has no room. Its own name changes nothing.
 */
export async function renameRepository(
  deps: NamesDeps,
  from: NamedRepository,
  to: NamedRepository,
  actor: Actor,
): Promise<void> {
  const target = `${to.name}/${to.repository}`
  if (parseRepositoryName(target)?.repository !== to.repository) {
    throw new DomainError('bad-request', `invalid repository name: ${to.repository}`)
  }
  await transact(deps.db, async (tx) => {
    await lockNames(tx)
    const repository = await lockRepository(tx, from.id, from.repository)
    if (!repository?.published) {
      throw new DomainError('not-found', `repository ${from.name}/${from.repository} not found`)
    }
    if (from.id === to.id && from.repository === to.repository) return
    if (!(await holdProject(tx, to.id))) {
      throw new DomainError('not-found', `project ${to.name} not found`)
    }
    if (from.id !== to.id) {
      await deps.moveUsage(tx, repository.id, { from: from.id, to: to.id })
      await deps.leaveProject(tx, repository.id, from.id)
    }
    if (!(await renameRepositoryRow(tx, repository, { projectId: to.id, name: to.repository }))) {
      throw new DomainError('conflict', `The repository ${target} already exists`)
    }
    await emitNames(tx, { repositoryId: repository.id, from, to, actor })
  })
}

/** What has happened to a name, told in the project that has it now and in the one that it has left. */
async function emitNames(
  tx: Database,
  change: { repositoryId: number; from: NamedRepository; to: NamedRepository; actor: Actor },
): Promise<void> {
  const { repositoryId, from, to, actor } = change
  const names = {
    repositoryId,
    repository: `${to.name}/${to.repository}`,
    formerRepository: `${from.name}/${from.repository}`,
    actor,
  }
  const inTarget = { ...names, projectId: to.id, projectName: to.name }
  if (from.id === to.id) {
    await emit(tx, { type: 'repository.renamed', payload: inTarget })
    return
  }
  await emit(tx, {
    type: 'repository.left',
    payload: { ...names, projectId: from.id, projectName: from.name },
  })
  await emit(tx, { type: 'repository.moved', payload: { ...inTarget, formerProjectId: from.id } })
}

/** One page of the former names in a project that still lead somewhere, and how many there are. */
export async function findRepositoryAliases(
  deps: Pick<NamesDeps, 'db'>,
  projectId: number,
  page: Page,
): Promise<{ aliases: RepositoryAlias[]; total: number }> {
  const [aliases, total] = await Promise.all([
    listAliases(deps.db, projectId, page),
    countAliases(deps.db, projectId),
  ])
  return { aliases, total }
}

/** Lets a former name lead nowhere: a push may make a new repository of that name. Throws not-found. */
export async function dropRepositoryAlias(
  deps: Pick<NamesDeps, 'db'>,
  project: NamedProject,
  name: string,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await deleteAlias(tx, project.id, name))) {
      throw new DomainError('not-found', `alias ${project.name}/${name} not found`)
    }
    const payload = {
      projectId: project.id,
      projectName: project.name,
      repository: `${project.name}/${name}`,
      actor,
    }
    await emit(tx, { type: 'repository.alias_dropped', payload })
  })
}
