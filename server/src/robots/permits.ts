import { admitToProject, refusalOf } from '../access/admission.ts'
import { decide, decideEverywhere } from '../access/decide.ts'
import type { Principal } from '../access/model.ts'
import type { ProjectPermission, SystemPermission } from '../access/permissions.ts'
import { type Contexts, contextsOf } from '../members/contexts.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { Grant, Robot } from './model.ts'

type Action = 'create' | 'read' | 'update' | 'delete' | 'list'

/** Throws forbidden unless the caller may do this to robots of the system. */
export function requireInSystem(principal: Principal, action: Action): void {
  if (!decide(principal, `robot:${action}`)) throw refusalOf(principal)
}

/** Throws forbidden unless the caller may do this to this robot, wherever it belongs. */
export async function requireForRobot(
  db: Database,
  principal: Principal,
  action: Action,
  robot: Pick<Robot, 'project'>,
): Promise<void> {
  if (!robot.project) return requireInSystem(principal, action)
  const { name } = robot.project
  const project = (await contextsOf(db, principal, [name])).get(name)
  admitToProject(principal, [`robot:${action}`], project, name)
}

/**
 * Throws denied where a robot would get more than the caller has to give. Administrators of a project give
 * what the catalogue has; robots, access tokens and holders of custom roles only what they hold themselves.
 */
export function requireToHold(principal: Principal, grants: readonly Grant[], contexts: Contexts): void {
  if (grants.every((grant) => mayGive(principal, grant, contexts))) return
  throw new DomainError(
    'denied',
    'permission scope is invalid. It must be equal to or more restrictive than your own permissions',
  )
}

function mayGive(principal: Principal, grant: Grant, contexts: Contexts): boolean {
  const whole = principal.kind === 'user' && principal.limits === undefined
  if (whole && principal.sysadmin) return true
  const words = grant.access.map(({ resource, action }) => `${resource}:${action}`)
  if (grant.kind === 'system') {
    return words.every((word) => holdsInSystem(principal, word as SystemPermission))
  }
  const inProject = words as ProjectPermission[]
  if (!grant.project) return inProject.every((word) => decideEverywhere(principal, word))
  const context = contexts.get(grant.project.name)
  if (context?.id !== grant.project.id) return false
  if (whole && context.roles.includes('projectAdmin')) return true
  // What everybody may in a public project is nobody's to give: it may become private.
  return inProject.every((word) => decide(principal, word, { ...context, public: false }))
}

function holdsInSystem(principal: Principal, word: SystemPermission): boolean {
  return principal.kind === 'robot' ? principal.permissions.system.has(word) : decide(principal, word)
}
