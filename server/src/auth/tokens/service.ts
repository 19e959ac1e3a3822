import { type KeyObject, randomBytes } from 'node:crypto'
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { ANONYMOUS, type Principal, type UserPrincipal } from '../../access/model.ts'
import type { Lru } from '../../lib/lru.ts'
import { principalOf, type RegistryToken } from '../model.ts'
import type { UserStates } from '../user-states.ts'
import { type Claims, ISSUER, makeClaims, readClaims, SERVICE } from './claims.ts'
import { type FindProject, grantScopes } from './grant.ts'
import type { KeyRing } from './key-ring.ts'
import type { Scope } from './scope.ts'

export interface TokensDeps {
  now: () => Date
  keys: KeyRing
  users: UserStates
  verified: Lru<string, Verified>
  tokenSeconds(): number
  findProject: FindProject
}

/** A token whose signature and times have been checked. */
export interface Verified {
  kid: string
  /** Seconds since 1970. */
  expiry: number
  claims: Claims
  /** Of the token, in characters. */
  size: number
}

export interface IssuedToken {
  token: string
  /** Seconds. */
  expiresIn: number
  issuedAt: Date
  /** What it allows, in the form of scopes. */
  scope: string
}

/** How far the clocks of replicas may be apart. Seconds. */
const CLOCK_TOLERANCE = 5

/**
 * A registry token: for each scope all that the caller may do there at this moment, whatever was asked.
 * Without scopes it allows nothing, and proves a login.
 */
export async function issueToken(
  deps: TokensDeps,
  principal: Principal,
  scopes: readonly Scope[],
): Promise<IssuedToken> {
  const { access, projects } = await grantScopes(deps.findProject, principal, scopes)
  const { kid, privateKey } = await deps.keys.active()
  const issuedAt = deps.now()
  const seconds = Math.floor(issuedAt.getTime() / 1000)
  const expiresIn = deps.tokenSeconds()
  const { sub, ...own } = makeClaims(principal, scopes.length === 0 ? null : access, projects)
  const claims: JWTPayload = {
    iss: ISSUER,
    ...(sub === undefined ? {} : { sub }),
    aud: SERVICE,
    exp: seconds + expiresIn,
    nbf: seconds,
    iat: seconds,
    jti: randomBytes(12).toString('base64url'),
    ...own,
  }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .sign(privateKey)
  const scope = access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')
  return { token, expiresIn, issuedAt, scope }
}

/**
 * What a token says, if it is ours, counts now, and its user is still who he was: neither deleted nor
 * disabled, nor with another password since (known within five seconds). Undefined otherwise.
 */
export async function verifyToken(deps: TokensDeps, token: string): Promise<RegistryToken | undefined> {
  const verified = recall(deps, token) ?? (await verifySignature(deps, token))
  if (!verified) return undefined
  const { access, projects, uid, gen } = verified.claims
  const principal = uid === undefined ? ANONYMOUS : await findHolder(deps, uid, gen)
  return principal && { principal, access: access ?? [], projects }
}

function recall(deps: TokensDeps, token: string): Verified | undefined {
  const known = deps.verified.get(token)
  if (!known) return undefined
  if (known.expiry > deps.now().getTime() / 1000 && deps.keys.knows(known.kid)) return known
  deps.verified.delete(token)
  return undefined
}

async function verifySignature(deps: TokensDeps, token: string): Promise<Verified | undefined> {
  const kid = readKid(token)
  const key = kid === undefined ? undefined : await deps.keys.find(kid)
  if (kid === undefined || !key) return undefined
  const payload = await readPayload(token, key, deps.now())
  const claims = payload && readClaims(payload)
  if (!claims || payload?.exp === undefined) return undefined
  const verified = { kid, expiry: payload.exp, claims, size: token.length }
  deps.verified.set(token, verified)
  return verified
}

function readKid(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    return undefined
  }
}

async function readPayload(token: string, key: KeyObject, now: Date): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      issuer: ISSUER,
      audience: SERVICE,
      currentDate: now,
      clockTolerance: CLOCK_TOLERANCE,
      requiredClaims: ['exp', 'iat'],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

async function findHolder(deps: TokensDeps, id: number, generation = 0): Promise<UserPrincipal | undefined> {
  let user = await deps.users.get(id)
  // The token is ours and newer than what is remembered: another process has changed the user.
  if (user && user.generation < generation) {
    deps.users.forget(id)
    user = await deps.users.get(id)
  }
  if (!user || user.disabled || user.generation !== generation) return undefined
  return principalOf(user)
}
