import type { PermissionSet, Principal } from '../access/model.ts'
import type { States } from './states.ts'

export interface GrantsDeps {
  /** What users have by roles of the system; as it was five seconds ago at most. */
  grants: States<PermissionSet>
}

/** The caller with what his roles of the system allow him. */
export async function withGrants<P extends Principal>(deps: GrantsDeps, principal: P): Promise<P> {
  if (principal.kind !== 'user') return principal
  const grants = await deps.grants.get(principal.id)
  return grants === undefined ? principal : { ...principal, grants }
}

/** For `onGrantsChanged` of the roles: what this process remembers of anybody's roles counts no longer. */
export function forgetGrants(deps: GrantsDeps): void {
  deps.grants.forgetAll()
}
