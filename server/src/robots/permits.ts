import { decide, decideEverywhere } from '../access/decide.ts'
import type { Principal, ProjectContext } from '../access/model.ts'
import type { ProjectPermission, SystemPermission } from '../access/permissions.ts'
import { findContexts } from '../members/context-store.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { findProject } from '../projects/service.ts'
import type { Grant, Robot } from './model.ts'

type Action = 'create' | 'read' | 'update' | 'delete' | 'list'

/** Projects by name, the present one and the one asked for, each with the caller's roles in it. */
export type Contexts = ReadonlyMap<string, NamedContext>
type NamedContext = ProjectContext & { name: string }

/** The live projects of these names with what the caller is in them: one statement. */
export async function contextsOf(
  db: Database,
  principal: Principal,
  names: readonly string[],
): Promise<Contexts> {
  if (names.length === 0) return new Map()
  const userId = principal.kind === 'user' ? principal.id : undefined
  const found = await findContexts(
    db,
    names.map((name) => ({ name, userId })),
  )
  const contexts = new Map<string, NamedContext>()
  for (const [index, name] of names.entries()) {
    const context = found[index]
    if (context) contexts.set(name, context).set(context.name, context)
  }
  return contexts
}

/** Throws forbidden unless the caller may do this to robots of the system. */
export function requireInSystem(principal: Principal, action: Action): void {
  if (!decide(principal, `robot:${action}`)) throw forbidden()
}

/**
 * Throws forbidden unless the caller may do this to robots of the project; not-found where there is none, and
 * he is one who would be let in anywhere.
 */
export function requireInProject(
  principal: Principal,
  action: Action,
  context: NamedContext | undefined,
  name: string,
): NamedContext {
  if (context && decide(principal, `robot:${action}`, context)) return context
  if (!context && decideEverywhere(principal, `robot:${action}`)) {
    throw new DomainError('not-found', `project ${name} not found`)
  }
  throw forbidden()
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
  requireInProject(principal, action, (await contextsOf(db, principal, [name])).get(name), name)
}

/** The project of that id with what the caller is in it. */
export async function contextOf(
  db: Database,
  principal: Principal,
  projectId: number,
): Promise<NamedContext | undefined> {
  const project = await findProject({ db }, String(projectId), false)
  return project && (await contextsOf(db, principal, [project.name])).get(project.name)
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

function forbidden(): DomainError {
  return new DomainError('forbidden', 'forbidden')
}
