import type { TokenResponse } from '@portolan/api/token'
import { isRandomSecret } from '../../platform/crypto/random-secret.ts'
import type { LoginInProject, LoginInProjectKey } from '../../robots/login-store.ts'
import { isAlive, parseLoginName, principalOfRobot } from '../../robots/model.ts'
import { matchesGenerated } from '../../robots/secrets.ts'
import { parseAuthorization } from '../credentials.ts'
import { SERVICE } from './claims.ts'
import { projectOf } from './grant.ts'
import { MAX_SCOPES, parseScopes, type Scope } from './scope.ts'
import { issueToken, type TokensDeps } from './service.ts'
import { tokenAnswer } from './wire.ts'

export interface QuickTokenDeps extends TokensDeps {
  robots: { inProject(key: LoginInProjectKey): Promise<LoginInProject | undefined> }
}

/** What a request for a token shows. */
export interface Asked {
  /** Behind the question mark, as it was sent. */
  query: string
  authorization: string | undefined
}

/**
 * The quick way to a token: for a robot that shows its generated secret, for repositories of one project. Robot and
 * project are asked for in one question, as they are at this moment, and all is decided by the functions of the long way.
 *
 * A project that is not there takes as long as one that it may not see.
 *
 * @returns undefined at once for whatever else is asked, and later where the robot is not there, does not count or has another
 *   secret: the long way finds out what to say, and counts what was wrong.
 */
export function quickToken(
  deps: QuickTokenDeps,
  { query, authorization = '' }: Asked,
): Promise<TokenResponse | undefined> | undefined {
  const scopes = readScopes(query)
  const wanted = scopes?.[0] && projectOf(scopes[0])
  if (wanted === undefined || scopes === undefined) return undefined
  if (scopes.some((scope) => projectOf(scope) !== wanted)) return undefined
  const shown = parseAuthorization(authorization)
  // What people chose is checked on the long way alone, where guesses are counted.
  if (shown.scheme !== 'basic' || !isRandomSecret(shown.password)) return undefined
  const prefix = deps.robotNamePrefix()
  const key = parseLoginName(shown.username, prefix)
  return key && answer(deps, { key: { ...key, wanted }, secret: shown.password, prefix }, scopes)
}

async function answer(
  deps: QuickTokenDeps,
  { key, secret, prefix }: { key: LoginInProjectKey; secret: string; prefix: string },
  scopes: readonly Scope[],
): Promise<TokenResponse | undefined> {
  const found = await deps.robots.inProject(key)
  if (!found || !matchesGenerated(found.secretHash, secret) || !isAlive(found.robot, deps.now())) {
    return undefined
  }
  const principal = principalOfRobot(found.robot, prefix)
  return tokenAnswer(await issueToken(deps, principal, scopes, async () => found.wanted))
}

/** Names that may come in a query besides; they say nothing that counts for a robot. */
const WITHOUT_MEANING = new Set(['account', 'client_id', 'offline_token'])
/** What every reader of queries splits and decodes alike. */
const PLAIN = /^[A-Za-z0-9._~:/,*%&=-]+$/

/** What is asked for, where the query is one as clients send it. */
function readScopes(query: string): Scope[] | undefined {
  if (!PLAIN.test(query)) return undefined
  const asked: string[] = []
  let service: string | undefined
  for (const part of query.split('&')) {
    const [name = '', sent, ...more] = part.split('=')
    const value = sent === undefined || more.length > 0 ? undefined : decode(sent)
    if (value === undefined) return undefined
    if (name === 'scope') asked.push(value)
    else if (name === 'service' && service === undefined) service = value
    else if (!WITHOUT_MEANING.has(name)) return undefined
  }
  if (service !== SERVICE) return undefined
  const scopes = parseScopes(asked)
  return scopes.length <= MAX_SCOPES ? scopes : undefined
}

function decode(sent: string): string | undefined {
  if (!sent.includes('%')) return sent
  try {
    return decodeURIComponent(sent)
  } catch {
    return undefined
  }
}
