import type { PermissionSet } from '../../access/model.ts'
import {
  ADMINISTRATOR_PERMISSIONS,
  PROJECT_PERMISSIONS,
  type ProjectPermission,
  SIGNED_IN_PERMISSIONS,
  type SystemPermission,
} from '../../access/permissions.ts'
import { hashRandomSecret, isRandomSecret, newRandomSecret } from '../../platform/crypto/random-secret.ts'
import { DomainError } from '../../platform/errors.ts'

export const PRESETS = ['full', 'read-only', 'custom'] as const
export type Preset = (typeof PRESETS)[number]

/** What a token allows: never more than this, nor more than its owner may himself. */
export interface Scope {
  preset: Preset
  /** Of the preset `custom`. */
  systemPermissions: readonly SystemPermission[]
  projectPermissions: readonly ProjectPermission[]
  /** Nothing but these projects; absent: all of them, and the system. */
  projectIds?: readonly number[]
}

/** A token that a user made for his scripts. */
export interface AccessToken extends Scope {
  id: number
  userId: number
  name: string
  creationTime: Date
  /** Absent: never. */
  expiryTime?: Date
  /** To the minute; absent: never. */
  lastUseTime?: Date
}

/** So that people and scanners of leaked secrets know what they have before them. */
const PREFIX = 'ptl_'
const MAX_NAME = 255
const ALL_SYSTEM: readonly SystemPermission[] = [...SIGNED_IN_PERMISSIONS, ...ADMINISTRATOR_PERMISSIONS]
const READING = /:(read|list|pull|search)$/

/** 256 random bits. */
export function newAccessToken(): string {
  return PREFIX + newRandomSecret()
}

/** Whether it has the form of one. */
export function isAccessToken(text: string): boolean {
  return text.startsWith(PREFIX) && isRandomSecret(text.slice(PREFIX.length))
}

/** The stored form. */
export function hashAccessToken(token: string): Buffer {
  return hashRandomSecret(token)
}

/** Throws bad-request unless `name` may name a token. */
export function checkTokenName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (name.trim() === '' || name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new DomainError('bad-request', `the name of a token has 1 to ${MAX_NAME} characters`)
  }
}

/** A scope as callers send it, checked. Throws bad-request for permissions that there are not. */
export function readScope(sent: {
  preset: string
  systemPermissions: readonly string[]
  projectPermissions: readonly string[]
  projectIds?: readonly number[]
}): Scope {
  const preset = PRESETS.find((known) => known === sent.preset)
  if (!preset) throw new DomainError('bad-request', `the preset must be one of ${PRESETS.join(', ')}`)
  const words = sent.systemPermissions.length + sent.projectPermissions.length
  if ((preset === 'custom') !== words > 0) {
    throw new DomainError('bad-request', 'give a preset, or permissions for the preset custom')
  }
  if (sent.projectIds && sent.systemPermissions.length > 0) {
    throw new DomainError('bad-request', 'a token for single projects allows nothing in the system')
  }
  return {
    preset,
    systemPermissions: known(sent.systemPermissions, ALL_SYSTEM),
    projectPermissions: known(sent.projectPermissions, PROJECT_PERMISSIONS),
    ...(sent.projectIds ? { projectIds: [...new Set(sent.projectIds)] } : {}),
  }
}

/** Whether it counts at this moment. */
export function isInForce({ expiryTime }: Pick<AccessToken, 'expiryTime'>, now: Date): boolean {
  return expiryTime === undefined || expiryTime > now
}

/** What the token leaves of its owner's permissions. */
export function limitsOf(scope: Scope): PermissionSet {
  const inProjects = new Set(
    scope.preset === 'custom' ? scope.projectPermissions : allowedBy(scope.preset, PROJECT_PERMISSIONS),
  )
  if (scope.projectIds) {
    const projects = new Map(scope.projectIds.map((id) => [id, inProjects]))
    return { system: new Set(), everyProject: new Set(), projects }
  }
  const system = scope.preset === 'custom' ? scope.systemPermissions : allowedBy(scope.preset, ALL_SYSTEM)
  return { system: new Set(system), everyProject: inProjects, projects: new Map() }
}

function allowedBy<Word extends string>(preset: Preset, words: readonly Word[]): readonly Word[] {
  return preset === 'full' ? words : words.filter((word) => READING.test(word))
}

function known<Word extends string>(words: readonly string[], all: readonly Word[]): Word[] {
  const unknown = words.find((word) => !(all as readonly string[]).includes(word))
  if (unknown !== undefined) throw new DomainError('bad-request', `there is no permission ${unknown}`)
  return [...new Set(words)] as Word[]
}
