import type { AccessTable, Operation, Permission } from '../../harness/openapi.ts'
import type { Standing } from './caller.ts'

/** Which of the two projects a call is about. */
export interface Place {
  public: boolean
}

/**
 * Operations whose route lets in more than the operation itself does, because it looks at what the call is about
 * first: what it takes then. The world's calls are about objects of the project, and about a user who is none of the callers.
 */
const INNER: Readonly<Record<string, Permission>> = {
  listArtifactsOfProject: { project: 'artifact:list', signedIn: true },
  getInternalconfig: 'nobody',
  getUser: { system: 'user:read' },
  updateUserProfile: { system: 'user:update' },
  updateUserPassword: { system: 'user:update' },
  ListLabels: { project: 'label:list' },
  GetLabelByID: { project: 'label:read' },
  CreateLabel: { project: 'label:create' },
  UpdateLabel: { project: 'label:update' },
  DeleteLabel: { project: 'label:delete' },
  ListRobot: { project: 'robot:list' },
  CreateRobot: { project: 'robot:create' },
  GetRobotByID: { project: 'robot:read' },
  UpdateRobot: { project: 'robot:update' },
  RefreshSec: { project: 'robot:update' },
  DeleteRobot: { project: 'robot:delete' },
}

/** What the operation takes, by what its route says or by what it looks at. */
export function permissionOf({ id, permission, pending }: Operation): Permission {
  return pending ? permission : (INNER[id] ?? permission)
}

/** Whether the caller is let in: a second, plain reading of the rules, from the table that the program publishes. */
export function isLetIn(
  standing: Standing,
  permission: Permission,
  place: Place,
  table: AccessTable,
): boolean {
  if (permission === 'anonymous') return true
  if (permission === 'nobody') return false
  if (permission === 'authenticated') return standing.kind !== 'anonymous'
  if ('system' in permission) return mayInSystem(standing, permission.system, table)
  if ('everyProject' in permission) return mayEverywhere(standing, permission.everyProject)
  if (permission.signedIn && standing.kind === 'anonymous') return false

  return mayInProject(standing, permission.project, place, table)
}

function mayInSystem(standing: Standing, word: string, table: AccessTable): boolean {
  switch (standing.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return (table.signedIn.includes(word) && word !== 'project:create') || standing.system.includes(word)
    case 'user':
      if (standing.limits && !standing.limits.includes(word)) return false
      return (
        standing.sysadmin === true ||
        table.signedIn.includes(word) ||
        standing.grants?.includes(word) === true
      )
  }
}

function mayEverywhere(standing: Standing, word: string): boolean {
  if (standing.kind === 'robot') return standing.everywhere === true && standing.project.includes(word)

  return standing.kind === 'user' && standing.sysadmin === true && standing.limits === undefined
}

function mayInProject(standing: Standing, word: string, place: Place, table: AccessTable): boolean {
  if (place.public && table.public.includes(word)) return true
  switch (standing.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return standing.project.includes(word)
    case 'user':
      if (standing.limits && !standing.limits.includes(word)) return false
      if (standing.sysadmin) return table.project.includes(word)
      return (standing.role !== undefined && table.roles[standing.role]?.includes(word)) === true
  }
}
