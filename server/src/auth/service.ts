import type { Logger } from 'pino'
import { ANONYMOUS, type Principal, type RobotPrincipal, type UserPrincipal } from '../access/model.ts'
import { createLru } from '../lib/lru.ts'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import { createRobotLookup } from '../robots/lookup.ts'
import { findGrants } from '../roles/bindings/service.ts'
import type { Passwords } from '../users/passwords.ts'
import { findUser } from '../users/store.ts'
import { createLastUses } from './access-tokens/last-uses.ts'
import { type AccessTokensDeps, redeemAccessToken } from './access-tokens/service.ts'
import { deleteTokensOfDeletedUsers, findById } from './access-tokens/store.ts'
import { type LocalDeps, type Login, type LoginOutcome, loginLocally } from './authenticators/local.ts'
import { loginAsRobot, type RobotLoginDeps } from './authenticators/robot.ts'
import { parseAuthorization } from './credentials.ts'
import { createFailedLogins, type FailedLogins } from './failed-logins.ts'
import { type GrantsDeps, withGrants } from './grants.ts'
import { principalOf, type RegistryToken } from './model.ts'
import { createRemembered } from './remembered.ts'
import { findSessionPrincipal, purgeSessions, type SessionsDeps } from './sessions/service.ts'
import { createStates } from './states.ts'
import { createThrottle, type Ending } from './throttle.ts'
import type { FindProject } from './tokens/grant.ts'
import { createIssued } from './tokens/issued.ts'
import { createKeyRing } from './tokens/key-ring.ts'
import { type OfflineDeps, purgeOfflineTokens } from './tokens/offline.ts'
import { readToken, recallToken, type TokensDeps, type Verified, verifyToken } from './tokens/service.ts'

/** What authentication needs, with what it remembers; made once a process by `createAuth`. */
export interface AuthDeps
  extends LocalDeps,
    RobotLoginDeps,
    AccessTokensDeps,
    SessionsDeps,
    OfflineDeps,
    TokensDeps,
    GrantsDeps {
  failedLogins: FailedLogins
}

export interface AuthOptions {
  db: Database
  /** For robots, of which thousands log in a second. */
  prepared: Database
  log: Logger
  passwords: Passwords
  /** Seals the signing keys. */
  box: SecretBox
  findProject: FindProject
  tokenMinutes(): number
  offlineTokenDays: number
  sessionMinutes(): number
  /** What login names of robots begin with at this moment. From `settings`. */
  robotNamePrefix(): string
  now?: () => Date
  /** Told how attempts to log in end, where other processes count them too. */
  tellOfAttempt?: ((ending: Ending) => void) | undefined
  /** Told what is remembered here and was changed, where other processes remember it too. */
  tellOfChange?: ((change: HolderChange) => void) | undefined
}

/** Of whom something was changed that processes remember; without an id it may be any of them. */
export interface HolderChange {
  of: 'users' | 'robotStates' | 'tokenStates' | 'grants'
  id?: number | undefined
}

/** Verified tokens that are remembered, and tokens issued a moment ago, in characters: some 5,000 of the usual size. */
const TOKEN_CHARACTERS = 5_000_000

export function createAuth(options: AuthOptions): AuthDeps {
  const { db, log, passwords, findProject, offlineTokenDays, robotNamePrefix } = options
  const now = options.now ?? (() => new Date())
  const milliseconds = () => now().getTime()
  const tokenSeconds = () => options.tokenMinutes() * 60
  const robots = createRobotLookup(options.prepared)
  const states = <T>(of: HolderChange['of'], load: (id: number) => Promise<T | undefined>) =>
    createStates(load, milliseconds, (id) => options.tellOfChange?.({ of, id }))

  return {
    db,
    log,
    passwords,
    now,
    findProject,
    tokenSeconds,
    offlineTokenDays,
    sessionMinutes: options.sessionMinutes,
    failedLogins: createFailedLogins(db, milliseconds),
    throttle: createThrottle(milliseconds, options.tellOfAttempt),
    remembered: createRemembered(milliseconds),
    underWay: new Map(),
    robots,
    robotNamePrefix,
    users: states('users', (id) => findUser(db, id)),
    robotStates: states('robotStates', (id) => robots.byId(id)),
    tokenStates: states('tokenStates', (id) => findById(db, id)),
    lastUses: createLastUses(),
    grants: states('grants', (id) => findGrants(db, id)),
    keys: createKeyRing({ db, log, box: options.box, now, tokenSeconds }),
    verified: createLru(TOKEN_CHARACTERS, ({ token }) => token.length),
    issued: createIssued(tokenSeconds, milliseconds),
  }
}

/** Whose password it is, and why not; refusals are logged. Throws unavailable in a storm of logins. */
export async function login(deps: AuthDeps, credentials: Login): Promise<LoginOutcome> {
  return logged(deps, credentials, await loginLocally(deps, credentials))
}

export type BasicOutcome =
  | { result: 'accepted'; principal: UserPrincipal | RobotPrincipal }
  | { result: 'wrong' }
  | { result: 'throttled'; wait: number }

/** Who shows this name and password: a robot or a user, by password or access token. Refusals are logged. Throws unavailable in a storm. */
export async function loginWithBasic(deps: AuthDeps, credentials: Login): Promise<BasicOutcome> {
  // Like the generated secret of a robot it cannot be guessed, and is not held up; else it is a wrong password.
  const bearer = await redeemAccessToken(deps, credentials.password, credentials.username)
  if (bearer) return { result: 'accepted', principal: bearer }
  const robot = await loginAsRobot(deps, credentials)
  if (robot) return logged(deps, credentials, robot)
  const outcome = await login(deps, credentials)
  return outcome.result === 'accepted'
    ? { result: 'accepted', principal: principalOf(outcome.user) }
    : outcome
}

/** The robot or user with this name and secret; undefined for wrong ones, and while throttled. */
export async function authenticateBasic(
  deps: AuthDeps,
  credentials: Login,
): Promise<UserPrincipal | RobotPrincipal | undefined> {
  const outcome = await loginWithBasic(deps, credentials)
  return outcome.result === 'accepted' ? outcome.principal : undefined
}

function logged<Outcome extends { result: string }>(deps: AuthDeps, shown: Login, outcome: Outcome): Outcome {
  if (outcome.result !== 'accepted') {
    const { username, address } = shown
    const level = outcome.result === 'wrong' ? 'info' : 'debug'
    deps.failedLogins.note(username, address)
    deps.log[level]({ username: username.slice(0, 255), address, result: outcome.result }, 'login refused')
  }
  return outcome
}

/** What a registry token says, if it still counts and so does its user. */
export async function authenticateBearer(
  deps: TokensDeps,
  token: string,
): Promise<RegistryToken | undefined> {
  return verifyToken(deps, token)
}

/** What a request to the REST API shows. */
export interface RestCredentials {
  authorization: string | undefined
  /** The id in the session cookie. */
  sessionId: string | undefined
  /** Whether the request puts off the end of the session; it does where nothing is said. */
  renewSession?: boolean
  address: string
}

/**
 * Who calls the REST API: by Basic, by an access token as Bearer, or by the session where there is no
 * `Authorization` at all. Wrong credentials, and registry tokens, which are none here, make the caller anonymous, as with Harbor.
 */
export async function authenticateRest(deps: AuthDeps, shown: RestCredentials): Promise<Principal> {
  return withGrants(deps, await identifyRest(deps, shown))
}

async function identifyRest(deps: AuthDeps, shown: RestCredentials): Promise<Principal> {
  if (shown.authorization !== undefined) {
    const credentials = parseAuthorization(shown.authorization)
    if (credentials.scheme === 'bearer') {
      return (await redeemAccessToken(deps, credentials.token)) ?? ANONYMOUS
    }
    if (credentials.scheme !== 'basic') return ANONYMOUS
    return (await authenticateBasic(deps, { ...credentials, address: shown.address })) ?? ANONYMOUS
  }
  if (shown.sessionId === undefined) return ANONYMOUS
  return (await findSessionPrincipal(deps, shown.sessionId, shown.renewSession)) ?? ANONYMOUS
}

/** How a request to the registry API shows who it comes from. */
export type RegistryCaller =
  /** No `Authorization` at all. */
  | { via: 'nothing'; principal: Principal }
  | { via: 'basic'; principal: UserPrincipal | RobotPrincipal }
  | { via: 'token'; principal: Principal; token: RegistryToken }
  /** Something was shown, and it is worth nothing. */
  | { via: 'rejected'; principal: Principal }

/** Who calls the registry API: by Basic or by a registry token. */
export async function authenticateRegistry(
  deps: AuthDeps,
  shown: { authorization: string | undefined; address: string },
): Promise<RegistryCaller> {
  const caller = await identifyRegistry(deps, shown)
  return { ...caller, principal: await withGrants(deps, caller.principal) } as RegistryCaller
}

async function identifyRegistry(
  deps: AuthDeps,
  shown: { authorization: string | undefined; address: string },
): Promise<RegistryCaller> {
  if (shown.authorization === undefined) return { via: 'nothing', principal: ANONYMOUS }
  const credentials = parseAuthorization(shown.authorization)
  if (credentials.scheme === 'bearer') {
    const token = await verifyToken(deps, credentials.token)
    if (token) return { via: 'token', principal: token.principal, token }
  } else if (credentials.scheme === 'basic') {
    const principal = await authenticateBasic(deps, { ...credentials, address: shown.address })
    if (principal) return { via: 'basic', principal }
  }
  return { via: 'rejected', principal: ANONYMOUS }
}

/**
 * Who shows a registry token that was seen before, for the quick way of pulls: undefined for everything else, which goes the
 * long way. The answer is undefined too where the token counts no longer.
 */
export function authenticateKnownToken(
  deps: AuthDeps,
  authorization: string | undefined,
): Promise<{ principal: Principal; token: RegistryToken } | undefined> | undefined {
  if (!authorization?.startsWith('Bearer ')) return undefined
  const verified = recallToken(deps, authorization.slice('Bearer '.length))
  return verified && holderOf(deps, verified)
}

async function holderOf(
  deps: AuthDeps,
  verified: Verified,
): Promise<{ principal: Principal; token: RegistryToken } | undefined> {
  const token = await readToken(deps, verified)
  return token && { principal: await withGrants(deps, token.principal), token }
}

/** What another process has changed counts no longer as this one remembers it. */
export function hearChange(deps: Pick<AuthDeps, HolderChange['of']>, { of, id }: HolderChange): void {
  deps[of].hear(id)
}

/** For `onUserChanged` of the users: what this process remembers of the user counts no longer. */
export function forgetUser(deps: Pick<AuthDeps, 'users'>, id: number): void {
  deps.users.forget(id)
}

/** For `onRobotChanged` of the robots: what this process remembers of the robot counts no longer. */
export function forgetRobot(deps: Pick<AuthDeps, 'robotStates'>, id: number): void {
  deps.robotStates.forget(id)
}

/** Writes down when access tokens were used last; to be called every minute, and at the end. */
export async function writeLastUses(deps: Pick<AuthDeps, 'db' | 'lastUses'>): Promise<void> {
  await deps.lastUses.write(deps.db)
}

/** Removes sessions and offline tokens that have expired, and access tokens of deleted users; to be called every few minutes. */
export async function purgeAuth(deps: Pick<AuthDeps, 'db' | 'now'>): Promise<void> {
  await purgeSessions(deps)
  await purgeOfflineTokens(deps)
  await deleteTokensOfDeletedUsers(deps.db)
}
