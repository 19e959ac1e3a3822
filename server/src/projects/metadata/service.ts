import type { Actor } from '../../access/model.ts'
import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import type { Project } from '../model.ts'
import { rewriteProject } from '../service.ts'
import { allMetadata, checkSettable } from './model.ts'

/** Adds the one pair of `pairs`. Throws bad-request for none, several or an unknown one, conflict where it is set. */
export async function addMetadata(
  deps: { db: Database },
  projectId: number,
  pairs: Record<string, string>,
  actor: Actor,
): Promise<void> {
  const [pair, ...more] = Object.entries(pairs)
  if (pair === undefined || more.length > 0)
    throw new DomainError('bad-request', 'only allow one key/value pair')
  const [name, value] = pair
  checkSettable(name, value)
  await rewriteProject(deps, projectId, actor, (project) => {
    if (Object.hasOwn(allMetadata(project), name)) {
      throw new DomainError('conflict', `metadata ${name} already exists for project ${projectId}`)
    }
    return withMetadata(project, name, value)
  })
}

/** Sets `name` to what `pairs` says of it. Throws bad-request where that is nothing, or no value of it. */
export async function setMetadata(
  deps: { db: Database },
  projectId: number,
  name: string,
  pairs: Record<string, string>,
  actor: Actor,
): Promise<void> {
  const value = Object.hasOwn(pairs, name) ? pairs[name] : undefined
  checkSettable(name, value ?? '')
  await rewriteProject(deps, projectId, actor, (project) => withMetadata(project, name, value ?? ''))
}

/** Removes `name`; that it was not set is no error. Without `public` a project is private. */
export async function removeMetadata(
  deps: { db: Database },
  projectId: number,
  name: string,
  actor: Actor,
): Promise<void> {
  await rewriteProject(deps, projectId, actor, (project) => withoutMetadata(project, name))
}

/** The project without `name`. */
export function withoutMetadata(project: Project, name: string): Project {
  const { [name]: _removed, ...metadata } = project.metadata
  return { ...project, metadata, public: name === 'public' ? false : project.public }
}

/** The project with another value of `name`. */
export function withMetadata(project: Project, name: string, value: string): Project {
  if (name === 'public') return { ...project, public: value === 'true' }
  return { ...project, metadata: { ...project.metadata, [name]: value } }
}
