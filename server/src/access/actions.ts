import { decide } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import type { ProjectPermission } from './permissions.ts'

/** The actions that a registry token speaks of, in the order in which Harbor's tokens list them. */
export const REPOSITORY_ACTIONS = ['delete', 'pull', 'push'] as const
export type RepositoryAction = (typeof REPOSITORY_ACTIONS)[number]

/** What an action on the registry API takes. Deleting is a permission of its own: whoever pushes may not delete. */
export const ACTION_PERMISSIONS: Readonly<Record<RepositoryAction, ProjectPermission>> = {
  delete: 'artifact:delete',
  pull: 'repository:pull',
  push: 'repository:push',
}

/** The actions the caller may take on any repository of the project, sorted. */
export function effectiveActions(principal: Principal, project: ProjectContext): RepositoryAction[] {
  return REPOSITORY_ACTIONS.filter((action) => decide(principal, ACTION_PERMISSIONS[action], project))
}
