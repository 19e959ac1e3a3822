import type { Principal, UserPrincipal } from '../access/model.ts'
import type { User } from '../users/model.ts'

/** One entry of a registry token: what its holder may do with one thing. */
export interface AccessEntry {
  type: string
  name: string
  actions: string[]
}

/** A verified registry token, its user checked. */
export interface RegistryToken {
  principal: Principal
  access: readonly AccessEntry[]
  /**
   * Which project each name meant when the token was issued. A project of that name with another id is
   * another project, and the token says nothing about it.
   */
  projects: Readonly<Record<string, number>>
}

export function principalOf(user: User): UserPrincipal {
  const { id, username, sysadmin, generation } = user
  return { kind: 'user', id, username, sysadmin, generation }
}
