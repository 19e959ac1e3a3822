import { decide } from '../access/decide.ts'
import type { ProjectContext } from '../access/model.ts'
import type { RepositoryName } from '../oci/reference.ts'
import type { Action } from './actions.ts'
import type { Caller } from './exchange.ts'

/**
 * Whether a caller may do this to a repository: his user must be allowed to now, and where he came with a
 * token, the token must cover it for this very project (one re-created under the name is another).
 */
export function mayAct(
  caller: Caller,
  action: Action,
  project: ProjectContext,
  name: RepositoryName,
): boolean {
  if (!decide(caller.principal, action.permission, project)) return false
  if (!caller.token) return true
  if (caller.token.projects[name.project] !== project.id) return false

  return caller.token.access.some(
    (entry) =>
      entry.type === 'repository' && entry.name === name.full && entry.actions.includes(action.scope),
  )
}
