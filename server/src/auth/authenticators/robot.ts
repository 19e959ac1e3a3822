import type { Logger } from 'pino'
import type { RobotPrincipal } from '../../access/model.ts'
import type { Database } from '../../platform/db/database.ts'
import type { RobotLogin } from '../../robots/login-store.ts'
import type { RobotLookup } from '../../robots/lookup.ts'
import { isAlive, parseLoginName, principalOfRobot } from '../../robots/model.ts'
import { matchesGenerated } from '../../robots/secrets.ts'
import { replaceSecretHash } from '../../robots/store.ts'
import { isUsername } from '../../users/model.ts'
import { type ChosenSecretDeps, checkChosenSecret } from '../chosen-secret.ts'
import type { Login } from './local.ts'

export interface RobotLoginDeps extends ChosenSecretDeps {
  db: Database
  log: Logger
  now: () => Date
  robots: RobotLookup
  /** What login names of robots begin with. */
  robotNamePrefix(): string
}

export type RobotOutcome =
  | { result: 'accepted'; principal: RobotPrincipal }
  | { result: 'wrong' }
  | { result: 'throttled'; wait: number }

/**
 * Whether this is a robot and its secret; undefined where the name is none of a robot. The robot is looked up
 * live, many of them in one statement.
 *
 * A generated secret costs one SHA-256 and is never held up: it cannot be guessed, and a farm of builders
 * behind one address must not stand still for one that is configured wrongly. Whatever does not match takes
 * the slow way of passwords, so that nobody learns from the time whether there is such a robot, or how its
 * secret came about.
 */
export async function loginAsRobot(deps: RobotLoginDeps, login: Login): Promise<RobotOutcome | undefined> {
  const { username, password: secret, address } = login
  const prefix = deps.robotNamePrefix()
  const key = parseLoginName(username, prefix)
  if (!key) return undefined
  const stored = await deps.robots.byName(key)
  // Under a prefix that a user's name may begin with as well, it can be a user.
  if (!stored && isUsername(prefix)) return undefined
  if (!stored || !matchesGenerated(stored.secretHash, secret)) {
    const outcome = await checkChosenSecret(deps, {
      account: stored ? `robot ${stored.robot.id}` : `name ${username}`,
      hash: stored?.secretHash,
      secret,
      address,
      renew: (hash) => renewHash(deps, stored, hash, secret),
    })
    if (outcome.result !== 'right') return outcome
  }
  if (!stored || !isAlive(stored.robot, deps.now())) return { result: 'wrong' }
  return { result: 'accepted', principal: principalOfRobot(stored.robot, prefix) }
}

/** A secret carried over from a Harbor: nobody can tell whether a person chose it, so it becomes a password. */
async function renewHash(
  deps: RobotLoginDeps,
  stored: RobotLogin | undefined,
  hash: string,
  secret: string,
): Promise<void> {
  if (!stored) return
  try {
    await replaceSecretHash(deps.db, stored.robot.id, hash, await deps.passwords.hash(secret))
  } catch (error) {
    deps.log.warn({ err: error, robotId: stored.robot.id }, 'the hash of the secret could not be renewed')
  }
}
