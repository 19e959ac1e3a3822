import type { Actor } from '../../access/model.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Page } from '../../platform/db/list.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { checkName } from '../model.ts'
import { findById } from '../store.ts'
import {
  countProjectAliases,
  deleteProjectAlias,
  listProjectAliases,
  type ProjectAlias,
  renameProjectRow,
} from './store.ts'

export interface ProjectNamesDeps {
  db: Database
  /** Characters of the longest name that a repository of the project has within it. From `repositories`. */
  longestRepositoryName(db: Database, projectId: number): Promise<number>
}

/** Of a full name, `project/repository`. */
const MAX_REPOSITORY_LENGTH = 255

/**
 * Gives a project another name. Everything in it refers to its id and follows; pulls by the old name go on
 * working until the alias is dropped or the name is taken. Throws bad-request for an illegal name, not-found,
 * and conflict where a live project has the name. A name that it has already changes nothing.
 */
export async function renameProject(
  deps: ProjectNamesDeps,
  id: number,
  name: string,
  actor: Actor,
): Promise<void> {
  checkName(name)
  await deps.db.transaction().execute(async (tx) => {
    const project = await findById(tx, id, 'update')
    if (!project) throw new DomainError('not-found', `project ${id} not found`)
    if (project.name === name) return
    const longest = await deps.longestRepositoryName(tx, id)
    if (name.length + 1 + longest > MAX_REPOSITORY_LENGTH) {
      throw new DomainError(
        'bad-request',
        `with this name a repository of the project would have more than ${MAX_REPOSITORY_LENGTH} characters`,
      )
    }
    if (!(await renameProjectRow(tx, project, name))) {
      throw new DomainError('conflict', `The project named ${name} already exists`)
    }
    const payload = { projectId: id, projectName: name, name, formerName: project.name, actor }
    await emit(tx, { type: 'project.renamed', payload })
  })
}

/** One page of the former names of a project that still lead to it, and how many there are. */
export async function findProjectAliases(
  deps: { db: Database },
  projectId: number,
  page: Page,
): Promise<{ aliases: ProjectAlias[]; total: number }> {
  const [aliases, total] = await Promise.all([
    listProjectAliases(deps.db, projectId, page),
    countProjectAliases(deps.db, projectId),
  ])
  return { aliases, total }
}

/** Lets a former name lead nowhere. Throws not-found where it does not lead to this project. */
export async function dropProjectAlias(
  deps: { db: Database },
  project: { id: number; name: string },
  name: string,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await deleteProjectAlias(tx, project.id, name))) {
      throw new DomainError('not-found', `alias ${name} of project ${project.name} not found`)
    }
    const payload = { projectId: project.id, projectName: project.name, name, actor }
    await emit(tx, { type: 'project.alias_dropped', payload })
  })
}
