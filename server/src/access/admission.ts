import { DomainError } from '../platform/errors.ts'
import { decide, decideEverywhere } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import type { ProjectPermission } from './permissions.ts'

/**
 * The project that a request is about without its path naming it (then the guard asks), if the caller may do
 * all of this there. Otherwise the refusal is the same whether the project is missing or hidden: unauthorized or
 * forbidden; only who would be let in anywhere hears that it is missing.
 */
export function admitToProject<Project extends ProjectContext>(
  principal: Principal,
  permissions: readonly ProjectPermission[],
  project: Project | undefined,
  name: string,
): Project {
  if (project && permissions.every((permission) => decide(principal, permission, project))) return project
  if (!project && permissions.every((permission) => decideEverywhere(principal, permission))) {
    throw new DomainError('not-found', `project ${name} not found`)
  }
  throw refusalOf(principal)
}

/** What a caller hears who may not. */
export function refusalOf(principal: Principal): DomainError {
  return principal.kind === 'anonymous'
    ? new DomainError('unauthorized', 'unauthorized')
    : new DomainError('forbidden', 'forbidden')
}
