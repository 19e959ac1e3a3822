import { decideEverywhere } from '../../access/decide.ts'
import { explain, type Reason } from '../../access/explain.ts'
import { ANONYMOUS, type Principal } from '../../access/model.ts'
import {
  type Permission,
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  SYSTEM_PERMISSIONS,
  type SystemPermission,
} from '../../access/permissions.ts'
import { selectHeldInProject } from '../../members/held-store.ts'
import { findProjectContext } from '../../members/service.ts'
import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import type { RobotLookup } from '../../robots/lookup.ts'
import { isAlive, parseLoginName, principalOfRobot } from '../../robots/model.ts'
import { findGrants } from '../../roles/bindings/service.ts'
import { selectHeldRoles } from '../../roles/bindings/store.ts'
import { findUserByName } from '../../users/store.ts'
import { principalOf } from '../model.ts'

export interface ExplainDeps {
  db: Database
  now: () => Date
  robots: RobotLookup
  robotNamePrefix(): string
}

/** Why somebody counts as nobody in particular. */
type Absence = { kind: 'disabled' | 'expired' }

interface Subject {
  principal: Principal
  absence?: Absence
}

/**
 * Whether somebody may do something, and why. It is told as it is now, with nothing remembered. Throws bad-request
 * for a word that is no permission there, not-found for a user or robot that is not there, and for a
 * missing project where `asker` would hear of it.
 */
export async function explainAccess(
  deps: ExplainDeps,
  asker: Principal,
  subject: Subject,
  word: string,
  projectName: string | undefined,
): Promise<{ allowed: boolean; reasons: (Reason | Absence)[] }> {
  const permission = checkWord(word, projectName !== undefined)
  const { principal, absence } = subject
  const project =
    projectName === undefined ? undefined : await findProjectContext(deps, principal, projectName, true)
  if (projectName !== undefined && !project) {
    if (decideEverywhere(asker, 'project:read')) {
      throw new DomainError('not-found', `project ${projectName} not found`)
    }
    // The same as of a project that is hidden from him.
    return { allowed: false, reasons: [] }
  }
  const userId = principal.kind === 'user' ? principal.id : undefined
  const [inProject, inSystem] = await Promise.all([
    userId !== undefined && project ? selectHeldInProject(deps.db, project.id, userId) : [],
    userId === undefined ? [] : selectHeldRoles(deps.db, userId),
  ])
  const { allowed, reasons } = explain(principal, permission, project, { inProject, inSystem })
  return { allowed, reasons: absence ? [absence, ...reasons] : reasons }
}

/**
 * Whom `user:<name>`, `robot:<login name>` or `anonymous` means. Whoever is disabled or at his end cannot sign in,
 * and may what everybody may. Throws bad-request, not-found.
 */
export async function findSubject(deps: ExplainDeps, text: string): Promise<Subject> {
  if (text === 'anonymous') return { principal: ANONYMOUS }
  const [, kind, name = ''] = /^(user|robot):(.+)$/s.exec(text) ?? []
  if (kind === 'user') return await findUserSubject(deps, name)
  if (kind === 'robot') return await findRobotSubject(deps, name)
  throw new DomainError('bad-request', 'the principal is user:<name>, robot:<login name> or anonymous')
}

async function findUserSubject(deps: ExplainDeps, name: string): Promise<Subject> {
  const user = await findUserByName(deps.db, name)
  if (!user) throw new DomainError('not-found', `user ${name} not found`)
  if (user.disabled) return { principal: ANONYMOUS, absence: { kind: 'disabled' } }
  const grants = await findGrants(deps.db, user.id)
  return { principal: grants ? { ...principalOf(user), grants } : principalOf(user) }
}

async function findRobotSubject(deps: ExplainDeps, name: string): Promise<Subject> {
  const key = parseLoginName(name, deps.robotNamePrefix())
  const stored = key && (await deps.robots.byName(key))
  if (!stored) throw new DomainError('not-found', `robot ${name} not found`)
  const { robot } = stored
  if (!isAlive(robot, deps.now())) {
    return { principal: ANONYMOUS, absence: { kind: robot.disabled ? 'disabled' : 'expired' } }
  }
  return { principal: principalOfRobot(robot, deps.robotNamePrefix()) }
}

function checkWord(word: string, inProject: boolean): Permission {
  const known: readonly string[] = inProject ? PROJECT_PERMISSIONS : SYSTEM_PERMISSIONS
  if (known.includes(word)) return word as ProjectPermission | SystemPermission
  throw new DomainError(
    'bad-request',
    `${word} is no permission in ${inProject ? 'a project' : 'the system'}`,
  )
}
