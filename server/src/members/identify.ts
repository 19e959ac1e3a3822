import type { Actor } from '../access/model.ts'
import { ensureLdapGroup, type GroupsDeps } from '../groups/service.ts'
import { findGroup, findGroupByName } from '../groups/store.ts'
import { DomainError } from '../platform/errors.ts'
import { findUser, findUserByName } from '../users/store.ts'
import type { Candidate, Entity } from './model.ts'

/**
 * The user or group that a request means, with its name. Throws not-found for an unknown name or group,
 * bad-request for an unknown user id and for an LDAP group that is not in the directory.
 */
export async function identify(
  deps: GroupsDeps,
  candidate: Candidate,
  actor: Actor,
): Promise<Entity & { name: string }> {
  if ('userId' in candidate) {
    const user = await findUser(deps.db, candidate.userId)
    if (!user) throw new DomainError('bad-request', `user ${candidate.userId} not found`)
    return { type: 'u', id: user.id, name: user.username }
  }
  if ('username' in candidate) {
    const user = await findUserByName(deps.db, candidate.username)
    if (!user) throw new DomainError('not-found', `user ${candidate.username} is not found`)
    return { type: 'u', id: user.id, name: user.username }
  }
  const group = await findMeantGroup(deps, candidate, actor)
  return { type: 'g', id: group.id, name: group.name }
}

async function findMeantGroup(
  deps: GroupsDeps,
  candidate: Exclude<Candidate, { userId: number } | { username: string }>,
  actor: Actor,
) {
  if ('ldapDn' in candidate) return await ensureLdapGroup(deps, candidate.ldapDn, candidate.groupName, actor)
  const [group, called] =
    'groupId' in candidate
      ? [await findGroup(deps.db, candidate.groupId), `the user group with id ${candidate.groupId}`]
      : [await findGroupByName(deps.db, candidate.groupName), `user group ${candidate.groupName}`]
  if (!group) throw new DomainError('not-found', `${called} is not found`)
  return group
}
