import { decide } from '../access/decide.ts'
import type { Principal } from '../access/model.ts'
import type { SystemPermission } from '../access/permissions.ts'
import { DomainError } from '../platform/errors.ts'
import { managesHimself } from './access-tokens/service.ts'

/**
 * Whose tokens or sessions a request is about: the user's in the path, or the caller's own where there is none.
 * Throws forbidden unless it is the caller himself, with his password or a session and not with a token, or he
 * has the permission.
 */
export function ownerOf(
  principal: Principal,
  permission: SystemPermission,
  userId: number | undefined,
): number {
  if (userId === undefined && principal.kind === 'robot') {
    throw new DomainError('precondition-failed', 'a robot has no tokens or sessions')
  }
  const id = userId ?? (principal.kind === 'user' ? principal.id : undefined)
  const himself = managesHimself(principal) && principal.id === id
  if (id !== undefined && (himself || decide(principal, permission))) return id
  throw new DomainError('forbidden', 'forbidden')
}
