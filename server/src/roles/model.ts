import type { Allowance } from '../access/giving.ts'
import type { PermissionSet } from '../access/model.ts'
import {
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  ROLE_PERMISSIONS,
  SYSTEM_PERMISSIONS,
  type SystemPermission,
} from '../access/permissions.ts'
import type { Role as BuiltInRole } from '../access/roles.ts'
import { DomainError } from '../platform/errors.ts'

export type Level = 'project' | 'system'

/** A role as it is kept, and what it allows. */
export interface Role {
  id: number
  name: string
  description: string
  level: Level
  allows: Allowance
  creationTime: Date
  updateTime: Date
}

/** Roles below this id are Harbor's five; they are part of the program and nobody changes them. */
export const FIRST_CUSTOM_ROLE = 101

/** How a request names permissions. */
export interface Words {
  system: readonly string[]
  project: readonly string[]
}

const MAX_NAME = 255

export function isBuiltIn({ id }: Pick<Role, 'id'>): boolean {
  return id < FIRST_CUSTOM_ROLE
}

/** What a row of `roles` allows: a built-in role by the program, any other by its words. */
export function allowanceOf(id: number, name: string, words: Words): Allowance {
  if (id < FIRST_CUSTOM_ROLE) return { system: [], project: [...ROLE_PERMISSIONS[name as BuiltInRole]] }
  return {
    system: known(SYSTEM_PERMISSIONS, words.system),
    project: known(PROJECT_PERMISSIONS, words.project),
  }
}

/** Throws bad-request for a name that is empty or too long. */
export function checkRoleName(name: string): void {
  if (name.trim() === '' || name.length > MAX_NAME) {
    throw new DomainError('bad-request', `a role name has 1 to ${MAX_NAME} characters`)
  }
}

export function checkLevel(level: string | undefined): Level {
  if (level === 'project' || level === 'system') return level
  throw new DomainError('bad-request', 'the level of a role is project or system')
}

/** Throws bad-request for a word that is no permission, and for one of the system in a role of projects. */
export function checkWords(level: Level, { system, project }: Words): Allowance {
  if (level === 'project' && system.length > 0) {
    throw new DomainError('bad-request', 'a role at project level holds permissions in projects only')
  }
  return {
    system: checked(SYSTEM_PERMISSIONS, system, 'the system'),
    project: checked(PROJECT_PERMISSIONS, project, 'a project'),
  }
}

/** Everything that several roles of the system allow; undefined where they allow nothing. */
export function grantsOf(allowances: readonly Allowance[]): PermissionSet | undefined {
  if (allowances.length === 0) return undefined
  return {
    system: new Set<SystemPermission>(allowances.flatMap(({ system }) => system)),
    everyProject: new Set<ProjectPermission>(allowances.flatMap(({ project }) => project)),
    projects: new Map(),
  }
}

/** What a former release knew and this one does not is no permission any more. */
function known<Word extends string>(all: readonly Word[], words: readonly string[]): Word[] {
  const wanted = new Set(words)
  return all.filter((word) => wanted.has(word))
}

function checked<Word extends string>(all: readonly Word[], words: readonly string[], where: string): Word[] {
  const wrong = words.find((word) => !(all as readonly string[]).includes(word))
  if (wrong !== undefined) throw new DomainError('bad-request', `${wrong} is no permission in ${where}`)
  return known(all, words)
}
