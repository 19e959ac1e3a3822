import { decideEverywhere } from '../access/decide.ts'
import type { Principal } from '../access/model.ts'

/** Whose eyes see a list: all projects, or the public ones, those the user is a member of, and those listed. */
export interface Viewer {
  all: boolean
  /** Undefined for robots and anonymous callers. */
  userId: number | undefined
  /** Projects that a robot has been given something in. */
  projectIds: readonly number[]
  /** Of those he takes part in, nothing but these: what his access token is for. */
  within?: readonly number[]
}

export function viewerOf(principal: Principal): Viewer {
  if (principal.kind === 'user' && principal.limits && !principal.limits.everyProject.has('project:read')) {
    const { id, sysadmin, limits, grants } = principal
    const within = [...limits.projects].flatMap(([projectId, held]) =>
      held.has('project:read') ? [projectId] : [],
    )
    return {
      all: false,
      userId: id,
      projectIds: sysadmin || grants?.everyProject.has('project:read') ? within : [],
      within,
    }
  }
  return {
    all: decideEverywhere(principal, 'project:read'),
    userId: principal.kind === 'user' ? principal.id : undefined,
    projectIds: principal.kind === 'robot' ? [...principal.permissions.projects.keys()] : [],
  }
}
