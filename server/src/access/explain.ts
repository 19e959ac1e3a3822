import { decide } from './decide.ts'
import type { Allowance } from './giving.ts'
import {
  ANONYMOUS,
  type PermissionSet,
  type Principal,
  type ProjectContext,
  type UserPrincipal,
} from './model.ts'
import type { Permission } from './permissions.ts'

/** A role that a user has, and what it allows; by a group of his where one is named. */
export interface HeldRole {
  name: string
  group: string | undefined
  allows: Allowance
}

/** What makes a decision what it is. */
export type Reason =
  /** Everybody may, in a public project. */
  | { kind: 'public' }
  /** Everybody may who has signed in. */
  | { kind: 'signed-in' }
  | { kind: 'administrator' }
  | { kind: 'project-role' | 'system-role'; role: string; group: string | undefined }
  /** The robot has been given it. */
  | { kind: 'robot' }
  /** The access token that he shows does not hold it. */
  | { kind: 'token-limits' }

export interface Explanation {
  allowed: boolean
  reasons: Reason[]
}

/**
 * The verdict of `decide`, and why: each ground is one for which `decide` says yes when there is no other. Where
 * it is no, there is no ground, or a limit stands against those that there are.
 *
 * @param held the caller's roles in the project and in the system, which principal and project are made of
 */
export function explain(
  principal: Principal,
  permission: Permission,
  project: ProjectContext | undefined,
  held: { inProject: readonly HeldRole[]; inSystem: readonly HeldRole[] },
): Explanation {
  const allowed = decide(principal, permission, project)
  const reasons: Reason[] = []
  if (project && decide(ANONYMOUS, permission, project)) reasons.push({ kind: 'public' })
  const bare = project && { id: project.id, public: false, roles: [] }
  if (principal.kind === 'robot' && decide(principal, permission, bare)) reasons.push({ kind: 'robot' })
  if (principal.kind === 'user') reasons.push(...groundsOf(principal, permission, bare, held))
  // Without the limits it would be allowed.
  if (!allowed && reasons.length > 0) reasons.push({ kind: 'token-limits' })
  return { allowed, reasons }
}

function groundsOf(
  { id, username, generation, sysadmin }: UserPrincipal,
  permission: Permission,
  project: ProjectContext | undefined,
  { inProject, inSystem }: { inProject: readonly HeldRole[]; inSystem: readonly HeldRole[] },
): Reason[] {
  const plain: UserPrincipal = { kind: 'user', id, username, generation, sysadmin: false }
  if (decide(plain, permission, project)) return [{ kind: 'signed-in' }]
  const reasons: Reason[] = []
  if (sysadmin && decide({ ...plain, sysadmin }, permission, project)) reasons.push({ kind: 'administrator' })
  for (const { name, group, allows } of inProject) {
    const granted = new Set(allows.project)
    if (project && decide(plain, permission, { ...project, granted })) {
      reasons.push({ kind: 'project-role', role: name, group })
    }
  }
  for (const { name, group, allows } of inSystem) {
    if (decide({ ...plain, grants: everywhere(allows) }, permission, project)) {
      reasons.push({ kind: 'system-role', role: name, group })
    }
  }
  return reasons
}

function everywhere({ system, project }: Allowance): PermissionSet {
  return { system: new Set(system), everyProject: new Set(project), projects: new Map() }
}
