import { type KeyObject, randomBytes } from 'node:crypto'
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { ANONYMOUS, type Principal } from '../../access/model.ts'
import type { Lru } from '../../lib/lru.ts'
import { type GrantsDeps, withGrants } from '../grants.ts'
import type { RegistryToken } from '../model.ts'
import { type Claims, ISSUER, makeClaims, readClaims, SERVICE } from './claims.ts'
import { type FindProject, grantScopes } from './grant.ts'
import { findHolder, type HoldersDeps } from './holders.ts'
import type { Issued } from './issued.ts'
import type { KeyRing } from './key-ring.ts'
import type { Scope } from './scope.ts'

export interface TokensDeps extends HoldersDeps, GrantsDeps {
  now: () => Date
  keys: KeyRing
  verified: Lru<string, Verified>
  issued: Issued
  tokenSeconds(): number
  findProject: FindProject
}

/** A token whose signature and times have been checked. */
export interface Verified {
  kid: string
  /** Seconds since 1970. */
  expiry: number
  claims: Claims
  token: string
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
 * Without scopes it allows nothing, and proves a login. Who asks for the very same within a minute gets the
 * same token: a signature costs more than everything else together.
 */
export async function issueToken(
  deps: TokensDeps,
  principal: Principal,
  scopes: readonly Scope[],
  findProject: FindProject = deps.findProject,
): Promise<IssuedToken> {
  const holder = await withGrants(deps, principal)
  const { access, projects } = await grantScopes(findProject, holder, scopes)
  const { kid, privateKey } = await deps.keys.active()
  const claims = makeClaims(principal, scopes.length === 0 ? null : access, projects)
  const expiresIn = deps.tokenSeconds()
  const { token, issuedAt } = await deps.issued.get(JSON.stringify([kid, expiresIn, claims]), () =>
    sign(deps.now(), expiresIn, claims, { kid, privateKey }),
  )
  const scope = access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ')
  return { token, expiresIn, issuedAt, scope }
}

async function sign(
  issuedAt: Date,
  lifetime: number,
  { sub, ...own }: ReturnType<typeof makeClaims>,
  { kid, privateKey }: { kid: string; privateKey: KeyObject },
): Promise<{ token: string; issuedAt: Date }> {
  const seconds = Math.floor(issuedAt.getTime() / 1000)
  const claims: JWTPayload = {
    iss: ISSUER,
    ...(sub === undefined ? {} : { sub }),
    aud: SERVICE,
    exp: seconds + lifetime,
    nbf: seconds,
    iat: seconds,
    jti: randomBytes(12).toString('base64url'),
    ...own,
  }
  const header = { alg: 'RS256', typ: 'JWT', kid }
  return { token: await new SignJWT(claims).setProtectedHeader(header).sign(privateKey), issuedAt }
}

/**
 * What a token says, if it is ours, counts now, and its holder is still who he was: neither deleted nor
 * disabled, nor with another password or secret since (known within five seconds). Undefined otherwise.
 */
export async function verifyToken(deps: TokensDeps, token: string): Promise<RegistryToken | undefined> {
  const verified = recallToken(deps, token) ?? (await verifySignature(deps, token))
  return verified && readToken(deps, verified)
}

/** What a verified token says, if its holder is still who he was. */
export async function readToken(
  deps: Pick<TokensDeps, keyof HoldersDeps>,
  { claims }: Verified,
): Promise<RegistryToken | undefined> {
  const { access, projects, uid, rid } = claims
  const anonymous = uid === undefined && rid === undefined
  const principal = anonymous ? ANONYMOUS : await findHolder(deps, claims)
  return principal && { principal, access: access ?? [], projects }
}

/** What was found out about the token when it was seen before, if it still counts; without its holder. */
export function recallToken(
  deps: Pick<TokensDeps, 'verified' | 'keys' | 'now'>,
  token: string,
): Verified | undefined {
  const known = deps.verified.get(endOf(token))
  // Only the very same: its end says nothing of what stands in front of it.
  if (known?.token !== token) return undefined
  if (known.expiry > deps.now().getTime() / 1000 && deps.keys.knows(known.kid)) return known
  deps.verified.delete(endOf(token))
  return undefined
}

/** Tokens are remembered by the end of their signature: to look for one by all of its hundreds of characters takes longer. */
function endOf(token: string): string {
  return token.slice(-64)
}

async function verifySignature(deps: TokensDeps, token: string): Promise<Verified | undefined> {
  const kid = readKid(token)
  const key = kid === undefined ? undefined : await deps.keys.find(kid)
  if (kid === undefined || !key) return undefined
  const payload = await readPayload(token, key, deps.now())
  const claims = payload && readClaims(payload)
  if (!claims || payload?.exp === undefined) return undefined
  const verified = { kid, expiry: payload.exp, claims, token }
  deps.verified.set(endOf(token), verified)
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
