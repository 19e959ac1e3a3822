import type { ProjectPermission, SystemPermission } from './permissions.ts'
import type { Role } from './roles.ts'

/** Permissions by where they hold: in the system, in every project, in single projects by their ids. */
export interface PermissionSet {
  system: ReadonlySet<SystemPermission>
  everyProject: ReadonlySet<ProjectPermission>
  projects: ReadonlyMap<number, ReadonlySet<ProjectPermission>>
}

export interface UserPrincipal {
  kind: 'user'
  id: number
  username: string
  sysadmin: boolean
  generation: number
  /** What custom roles at system level give him; absent: none. */
  grants?: PermissionSet
  /** Set where he shows an access token that narrows what he may: never more than this, nor more than he may himself. */
  limits?: PermissionSet
  /** The id of that access token. */
  accessToken?: number
}

/** A robot account: it has no roles, just permissions. */
export interface RobotPrincipal {
  kind: 'robot'
  id: number
  /** The name that it logs in with: `robot$name`, `robot$project+name`. */
  username: string
  /** Tokens issued to it under another generation are void. */
  generation?: number
  /** The project that it belongs to; absent for robots of the system. */
  projectId?: number
  permissions: PermissionSet
}

/** Who is asking. */
export type Principal = { kind: 'anonymous' } | UserPrincipal | RobotPrincipal

/** Nobody in particular: what a caller is who shows no credentials, or wrong ones. */
export const ANONYMOUS: Principal = Object.freeze({ kind: 'anonymous' })

/** Who does something, as services and events are told. */
export interface Actor {
  /** Of the user, or of the robot where `robot` is set. */
  id: number
  username: string
  robot?: true
  /** Where he called from; absent for what the program does by itself. */
  address?: string
}

/** What a project-wide decision is about: enough of the project, and the roles the caller holds in it. */
export interface ProjectContext {
  id: number
  public: boolean
  roles: readonly Role[]
  /** What the caller's custom roles in the project allow; absent: nothing. */
  granted?: ReadonlySet<ProjectPermission>
}
