import { findAliasTarget } from '../repositories/names/store.ts'
import { actionOf } from './actions.ts'
import { type Exchange, filled } from './exchange.ts'
import { mayAct } from './permit.ts'

/**
 * For a pull that found nothing: whether the repository's name is a former one. Then the exchange goes on with
 * the repository it leads to, in the project that holds it now, under the name that the caller used. The caller needs the right to pull there
 * too, and his token counts for the name that he used: a move never lets anybody see more.
 */
export async function followAlias(exchange: Exchange): Promise<boolean> {
  const { deps } = exchange
  const name = filled(exchange, 'name')
  const project = filled(exchange, 'project')
  const caller = filled(exchange, 'caller')
  const target = await findAliasTarget(deps.repositories.db, project.id, name.repository)
  if (!target) return false

  const { repository, projectName } = target
  if (repository.projectId !== project.id) {
    const holder = await deps.findProject(caller.principal, projectName)
    const { token: _asked, ...itself } = caller
    if (holder?.id !== repository.projectId) return false
    if (!mayAct(itself, actionOf(exchange.endpoint), holder, name)) return false
    exchange.project = holder
  }
  exchange.repository = repository
  return true
}
