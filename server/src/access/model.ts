/** Harbor's five project roles, with the ids its API shows. */
export const ROLE_IDS = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const
export type Role = keyof typeof ROLE_IDS

export interface UserPrincipal {
  kind: 'user'
  id: number
  username: string
  sysadmin: boolean
  generation: number
}

/** Who is asking. */
export type Principal = { kind: 'anonymous' } | UserPrincipal

/** Nobody in particular: what a caller is who shows no credentials, or wrong ones. */
export const ANONYMOUS: Principal = Object.freeze({ kind: 'anonymous' })

/** What a project-wide decision is about: enough of the project, and the roles the caller holds in it. */
export interface ProjectContext {
  id: number
  public: boolean
  roles: readonly Role[]
}
