import type { Principal, UserPrincipal } from '../../access/model.ts'
import type { RobotLogin } from '../../robots/login-store.ts'
import { isAlive, principalOfRobot } from '../../robots/model.ts'
import type { User } from '../../users/model.ts'
import { type AccessToken, isInForce } from '../access-tokens/model.ts'
import { narrowed } from '../access-tokens/service.ts'
import { principalOf } from '../model.ts'
import type { States } from '../states.ts'
import type { Claims } from './claims.ts'

export interface HoldersDeps {
  now: () => Date
  users: States<User>
  robotStates: States<RobotLogin>
  tokenStates: States<AccessToken>
  robotNamePrefix(): string
}

/**
 * The user or robot that a token was issued to, with what he may by now; undefined where he is gone, disabled
 * or at his end, or has another password or secret since, and where the access token that he showed is revoked.
 */
export async function findHolder(
  deps: HoldersDeps,
  { uid, rid, gen = 0, tid }: Claims,
): Promise<Principal | undefined> {
  if (rid !== undefined) return await findRobot(deps, rid, gen)
  if (uid === undefined) return undefined
  const user = await current(deps.users, uid, gen, (found) => found.generation)
  if (!user || user.disabled) return undefined
  return tid === undefined ? principalOf(user) : await narrow(deps, principalOf(user), tid)
}

/** With the access token that he showed, as far as it still counts. */
async function narrow(
  deps: HoldersDeps,
  principal: UserPrincipal,
  tokenId: number,
): Promise<UserPrincipal | undefined> {
  const token = await deps.tokenStates.get(tokenId)
  if (token?.userId !== principal.id || !isInForce(token, deps.now())) return undefined
  return narrowed(principal, token)
}

async function findRobot(deps: HoldersDeps, id: number, generation: number): Promise<Principal | undefined> {
  const stored = await current(deps.robotStates, id, generation, ({ robot }) => robot.generation)
  if (!stored || !isAlive(stored.robot, deps.now())) return undefined
  return principalOfRobot(stored.robot, deps.robotNamePrefix())
}

/** The one of that id, if it is in that very generation. */
async function current<T>(
  states: States<T>,
  id: number,
  generation: number,
  generationOf: (found: T) => number,
): Promise<T | undefined> {
  let found = await states.get(id)
  // The token is ours and newer than what is remembered: another process has changed the holder.
  if (found && generationOf(found) < generation) {
    states.hear(id)
    found = await states.get(id)
  }
  return found && generationOf(found) === generation ? found : undefined
}
