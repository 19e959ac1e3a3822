import type { PermissionSet, RobotPrincipal } from '../access/model.ts'
import type { ProjectPermission, SystemPermission } from '../access/permissions.ts'
import { DomainError } from '../platform/errors.ts'

/** One permission in Harbor's words; `effect` is kept as it was sent, and can only mean that it is allowed. */
export interface Access {
  resource: string
  action: string
  effect?: string
}

/** What a robot may do, and where: in the system, in one project, or (without a project) in all of them. */
export type Grant =
  | { kind: 'system'; access: Access[] }
  | { kind: 'project'; project?: { id: number; name: string }; access: Access[] }

/** An account for machines: a name with a secret, permissions of its own, and mostly an end. */
export interface Robot {
  id: number
  /** Without prefix and project. */
  name: string
  /** Absent for robots of the system. */
  project?: { id: number; name: string }
  description: string
  /** Days from the creation on, or FOREVER. */
  duration: number
  /** Absent: never. */
  expiryTime?: Date
  disabled: boolean
  /** False for robots of Harbor 1.x: all that can be done with them is to delete them. */
  editable: boolean
  /** Tokens issued under another generation are void. */
  generation: number
  creator: { type: 'local' | 'robot'; id: number }
  creationTime: Date
  updateTime: Date
  grants: Grant[]
}

/** What counts of a robot when it logs in. */
export type LoginRobot = Pick<
  Robot,
  'id' | 'name' | 'project' | 'expiryTime' | 'disabled' | 'generation' | 'grants'
>

export const FOREVER = -1

/** The prefix of login names where no setting says another. */
export const DEFAULT_PREFIX = 'robot$'

const MAX_DURATION = 2_147_483_646
const MAX_NAME = 255
const MAX_DESCRIPTION = 1024
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/
const DAY = 24 * 60 * 60_000

/** Throws bad-request unless `name` may name a robot. */
export function checkName(name: string): void {
  if (NAME.test(name) && name.length <= MAX_NAME) return
  throw new DomainError(
    'bad-request',
    'robot name is not in lower case or contains illegal characters, or is too long',
  )
}

/** Throws bad-request where it is too long or cannot be stored. */
export function checkDescription(description: string): void {
  if (description.length <= MAX_DESCRIPTION && !description.includes('\u0000')) return
  throw new DomainError(
    'bad-request',
    `the description has at most ${MAX_DESCRIPTION} characters, none a NUL`,
  )
}

/** Throws bad-request unless it is a number of days or FOREVER. */
export function checkDuration(duration: number): void {
  if (duration === FOREVER || (duration >= 1 && duration <= MAX_DURATION)) return
  throw new DomainError(
    'bad-request',
    `bad request error duration input: ${duration}, duration must be either -1(Never) or a positive integer`,
  )
}

/** When a robot of this age ends; undefined for never, which is also what no calendar can hold. */
export function expiryOf(creationTime: Date, duration: number): Date | undefined {
  if (duration === FOREVER) return undefined
  const expiry = new Date(creationTime.getTime() + duration * DAY)
  return Number.isNaN(expiry.getTime()) ? undefined : expiry
}

/** What it logs in with: `robot$name`, `robot$project+name`. */
export function loginNameOf({ name, project }: Pick<Robot, 'name' | 'project'>, prefix: string): string {
  return project ? `${prefix}${project.name}+${name}` : `${prefix}${name}`
}

/** The parts of a login name, undefined where it is none of a robot. No name of a project or robot has a `+`. */
export function parseLoginName(
  login: string,
  prefix: string,
): { project: string | undefined; name: string } | undefined {
  if (!login.startsWith(prefix) || login.length > prefix.length + 2 * MAX_NAME + 1) return undefined
  const rest = login.slice(prefix.length)
  const plus = rest.indexOf('+')
  const [project, name] = plus < 0 ? [undefined, rest] : [rest.slice(0, plus), rest.slice(plus + 1)]
  // Not held against the rule for new names: robots that were carried over may have others.
  return name === '' || login.includes('\u0000') ? undefined : { project, name }
}

/** Whether it counts at this moment. */
export function isAlive(
  { disabled, expiryTime }: Pick<Robot, 'disabled' | 'expiryTime'>,
  now: Date,
): boolean {
  return !disabled && (expiryTime === undefined || expiryTime > now)
}

export function principalOfRobot(robot: LoginRobot, prefix: string): RobotPrincipal {
  return {
    kind: 'robot',
    id: robot.id,
    username: loginNameOf(robot, prefix),
    generation: robot.generation,
    ...(robot.project ? { projectId: robot.project.id } : {}),
    permissions: permissionsOf(robot),
  }
}

/** As in Harbor, a robot of a project that may push may pull as well; one of the system may what it was given. */
export function permissionsOf({ grants, project }: Pick<Robot, 'grants' | 'project'>): PermissionSet {
  const system = new Set<SystemPermission>()
  const everyProject = new Set<ProjectPermission>()
  const projects = new Map<number, Set<ProjectPermission>>()
  for (const grant of grants) {
    const words = grant.access.map(({ resource, action }) => `${resource}:${action}`)
    if (grant.kind === 'system') {
      for (const word of words) system.add(word as SystemPermission)
      continue
    }
    const place = grant.project ? (projects.get(grant.project.id) ?? new Set()) : everyProject
    for (const word of words) place.add(word as ProjectPermission)
    if (project && place.has('repository:push')) place.add('repository:pull')
    if (grant.project) projects.set(grant.project.id, place)
  }
  return { system, everyProject, projects }
}
