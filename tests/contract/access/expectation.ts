import type { AccessTable, Operation, Permission } from '../../harness/openapi.ts'
import type { Standing, Words } from './caller.ts'

/** Which of the two projects a call is about. */
export interface Place {
  public: boolean
}

/**
 * `himself`: a user on his own account, with his password or a session and not with an access token. `owner`: the
 * same, and robots hear that they have no such thing (412).
 */
type Inner = Permission | 'himself' | 'owner'

/**
 * Operations whose route lets in more than the operation itself does, because it looks at what the call is about
 * first: what it takes then. The world's calls are about objects of the project, and about a user who is none of the callers.
 */
const INNER: Readonly<Record<string, Inner>> = {
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
  createRetention: { project: 'tag-retention:create' },
  getRetention: { project: 'tag-retention:read' },
  updateRetention: { project: 'tag-retention:update' },
  // Of a policy that there is not, so that the fixture stays.
  deleteRetention: { everyProject: 'tag-retention:delete' },
  triggerRetentionExecution: { project: 'tag-retention:update' },
  listRetentionExecutions: { project: 'tag-retention:list' },
  operateRetentionExecution: { project: 'tag-retention:update' },
  listRetentionTasks: { project: 'tag-retention:list' },
  getRetentionTaskLog: { project: 'tag-retention:read' },
  // Whoever may give robots something hears what there is to give.
  getPermissions: { project: 'robot:create' },
  ListRobot: { project: 'robot:list' },
  CreateRobot: { project: 'robot:create' },
  GetRobotByID: { project: 'robot:read' },
  UpdateRobot: { project: 'robot:update' },
  RefreshSec: { project: 'robot:update' },
  DeleteRobot: { project: 'robot:delete' },
  // To a name in the same project.
  renameRepository: { project: 'repository:delete', and: ['repository:create', 'repository:push'] },
  listOwnAccessTokens: 'owner',
  createAccessToken: 'himself',
  deleteOwnAccessToken: 'owner',
  listOwnSessions: 'owner',
  endOwnSession: 'owner',
  listAccessTokensOfUser: { system: 'access-token:list' },
  deleteAccessTokenOfUser: { system: 'access-token:delete' },
  listSessionsOfUser: { system: 'session:list' },
  endSessionOfUser: { system: 'session:delete' },
}

/** What the operation takes, by what its route says or by what it looks at. */
export function permissionOf({ id, permission, pending }: Operation): Inner {
  return pending ? permission : (INNER[id] ?? permission)
}

/** Whether the caller is let in: a second, plain reading of the rules, from the table that the program publishes. */
export function isLetIn(standing: Standing, permission: Inner, place: Place, table: AccessTable): boolean {
  if (permission === 'anonymous') return true
  if (permission === 'nobody') return false
  if (permission === 'himself' || permission === 'owner') {
    return standing.kind === 'robot' ? permission === 'owner' : standing.kind === 'user' && !standing.token
  }
  if (permission === 'authenticated') return standing.kind !== 'anonymous'
  if ('system' in permission) return mayInSystem(standing, permission.system, table)
  if ('everyProject' in permission) return mayEverywhere(standing, permission.everyProject)
  if (permission.signedIn && standing.kind === 'anonymous') return false

  return [permission.project, ...(permission.and ?? [])].every((word) =>
    mayInProject(standing, word, place, table),
  )
}

function mayInSystem(standing: Standing, word: string, table: AccessTable): boolean {
  switch (standing.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return (table.signedIn.includes(word) && word !== 'project:create') || standing.system.includes(word)
    case 'user': {
      const { sysadmin, grants, token } = standing
      if (leavesOut(token, 'system', word)) return false
      return sysadmin === true || table.signedIn.includes(word) || grants?.system.includes(word) === true
    }
  }
}

function mayEverywhere(standing: Standing, word: string): boolean {
  switch (standing.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return standing.everywhere === true && standing.project.includes(word)
    case 'user': {
      const { sysadmin, grants, token } = standing
      if (leavesOut(token, 'project', word)) return false
      return sysadmin === true || grants?.project.includes(word) === true
    }
  }
}

function mayInProject(standing: Standing, word: string, place: Place, table: AccessTable): boolean {
  if (place.public && table.public.includes(word)) return true
  switch (standing.kind) {
    case 'anonymous':
      return false
    case 'robot':
      return standing.project.includes(word)
    case 'user': {
      const { role, custom, token } = standing
      if (leavesOut(token, 'project', word)) return false
      if (mayEverywhere(standing, word) || custom?.includes(word)) return true
      return role !== undefined && table.roles[role]?.includes(word) === true
    }
  }
}

function leavesOut(token: Words | 'all' | undefined, scope: keyof Words, word: string): boolean {
  return token !== undefined && token !== 'all' && !token[scope].includes(word)
}
