import { PROJECT_CATALOGUE, SYSTEM_CATALOGUE } from '../access/catalogue.ts'
import { DomainError } from '../platform/errors.ts'
import type { Access } from './model.ts'

export type Level = 'system' | 'project'

/** A permission entry as callers send it. */
export interface Entry {
  kind: string
  namespace: string
  access: readonly Access[]
}

/** The same, sound: each place once, each permission once. A project is still a name, `*` all of them. */
export interface WantedGrant {
  kind: 'system' | 'project'
  namespace: string
  access: Access[]
}

/** Of a project's entry: all projects there are. */
export const EVERY_PROJECT = '*'

const CATALOGUES: Record<string, ReadonlySet<string>> = {
  system: new Set(SYSTEM_CATALOGUE),
  project: new Set(PROJECT_CATALOGUE),
}

/** Throws bad-request for another level, as Harbor words it. */
export function checkLevel(level: string): Level {
  if (level === 'system' || level === 'project') return level
  throw bad(`bad request error level input: ${level}`)
}

/**
 * What a robot of this level is to be given. Throws bad-request for what is not in the catalogue, and for a
 * robot of a project that is to have anything but one entry of a project.
 */
export function readEntries(level: Level, entries: readonly Entry[]): WantedGrant[] {
  if (entries.length === 0) throw bad('bad request empty permission')
  const grants = new Map<string, WantedGrant>()
  for (const { kind, namespace, access } of entries) {
    if (access.length === 0) throw bad('bad request empty access')
    if (kind !== 'system' && kind !== 'project') throw bad(`bad request permission scope: ${kind}`)
    const place = kind === 'system' ? '/' : namespace
    const grant = grants.get(`${kind} ${place}`) ?? { kind, namespace: place, access: [] }
    grants.set(`${kind} ${place}`, grant)
    for (const one of access) addAccess(grant, one)
  }
  const all = [...grants.values()]
  if (level === 'project' && (entries.length > 1 || all[0]?.kind !== 'project')) {
    throw bad('bad request permission: a robot of a project has exactly one entry, of its project')
  }
  return all
}

function addAccess({ kind, access }: WantedGrant, { resource, action, effect }: Access): void {
  const word = `${resource}:${action}`
  if (!CATALOGUES[kind]?.has(word)) throw bad(`bad request permission: ${word}`)
  // To forbid is not needed where nothing is allowed that was not given.
  if (effect !== undefined && effect !== '' && effect !== 'allow') throw bad(`bad request effect: ${effect}`)
  if (access.some((other) => other.resource === resource && other.action === action)) return
  access.push({ resource, action, ...(effect ? { effect } : {}) })
}

function bad(message: string): DomainError {
  return new DomainError('bad-request', message)
}
