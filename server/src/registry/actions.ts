import { ACTION_PERMISSIONS, type RepositoryAction } from '../access/actions.ts'
import type { ProjectPermission } from '../access/permissions.ts'
import type { Endpoint } from './endpoints.ts'

/** What an endpoint does to a repository, in the words of access decisions and of token scopes. */
export interface Action {
  permission: ProjectPermission
  /** The action of a token's scope that covers it. */
  scope: RepositoryAction
  /** What a client must ask the token service for. */
  challenge: string
}

const PULL: Action = { permission: ACTION_PERMISSIONS.pull, scope: 'pull', challenge: 'pull' }
const PUSH: Action = { permission: ACTION_PERMISSIONS.push, scope: 'push', challenge: 'pull,push' }
const DELETE: Action = { permission: ACTION_PERMISSIONS.delete, scope: 'delete', challenge: 'delete' }

/** The table of who-may: DELETE is not push, except for one's own upload in progress. */
export const ACTIONS: Readonly<Record<Exclude<Endpoint, 'base' | 'catalog'>, Action>> = {
  tags: PULL,
  referrers: PULL,
  'manifest-get': PULL,
  'manifest-put': PUSH,
  'manifest-delete': DELETE,
  'blob-get': PULL,
  'blob-delete': DELETE,
  'upload-start': PUSH,
  'upload-status': PUSH,
  'upload-chunk': PUSH,
  'upload-finish': PUSH,
  'upload-cancel': PUSH,
}

/** The action of an endpoint that has a repository. */
export function actionOf(endpoint: Endpoint): Action {
  if (endpoint === 'base' || endpoint === 'catalog') throw new Error(`${endpoint} has no repository`)

  return ACTIONS[endpoint]
}
