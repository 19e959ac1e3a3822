import type { Principal } from '../../access/model.ts'
import type { AccessEntry } from '../model.ts'

/** Harbor's names; clients and registries behind a shared trust may know them. */
export const ISSUER = 'harbor-token-issuer'
export const SERVICE = 'harbor-registry'

/** The claims of a registry token beyond the registered ones. */
export interface Claims {
  /** Null where no scope was asked for: it proves a login, no more. */
  access: AccessEntry[] | null
  /** What each project's name meant: a project made anew under the name is another one. */
  projects: Record<string, number>
  /** The user (or the robot) and the generation he was in; absent for anonymous callers. */
  uid?: number
  rid?: number
  gen?: number
  /** The access token that he showed. */
  tid?: number
}

export function makeClaims(
  principal: Principal,
  access: AccessEntry[] | null,
  projects: Record<string, number>,
): Claims & { sub?: string } {
  if (principal.kind === 'anonymous') return { access, projects }
  const { username: sub, id, generation: gen = 0 } = principal
  if (principal.kind === 'robot') return { sub, access, projects, rid: id, gen }
  const tid = principal.accessToken
  return { sub, access, projects, uid: id, gen, ...(tid === undefined ? {} : { tid }) }
}

/** The claims of a token whose signature is ours; undefined where they have not the form that we give them. */
export function readClaims(payload: Record<string, unknown>): Claims | undefined {
  const { access, projects, uid, rid, gen, tid } = payload
  if (access !== null && !(Array.isArray(access) && access.every(isEntry))) return undefined
  if (!isRecord(projects) || !Object.values(projects).every(Number.isSafeInteger)) return undefined
  const claims = { access, projects: projects as Record<string, number> }
  if ([uid, rid, gen, tid].every((value) => value === undefined)) return claims
  // Exactly one holder.
  if ((uid === undefined) === (rid === undefined)) return undefined
  const id = uid ?? rid
  if (!Number.isSafeInteger(id) || !Number.isSafeInteger(gen)) return undefined
  const holder = { ...claims, gen: gen as number }
  if (uid === undefined) return tid === undefined ? { ...holder, rid: id as number } : undefined
  if (tid === undefined) return { ...holder, uid: id as number }
  return Number.isSafeInteger(tid) ? { ...holder, uid: id as number, tid: tid as number } : undefined
}

function isEntry(value: unknown): value is AccessEntry {
  if (!isRecord(value) || typeof value.type !== 'string' || typeof value.name !== 'string') return false
  return Array.isArray(value.actions) && value.actions.every((action) => typeof action === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
