import { decideEverywhere } from '../../access/decide.ts'
import { OciError } from '../../oci/errors.ts'
import { actionOf } from '../actions.ts'
import { refuse } from '../challenge.ts'
import { type Exchange, filled } from '../exchange.ts'
import { mayAct } from '../permit.ts'

/**
 * Finds the project and decides. A project that the caller may not see answers like one that does not
 * exist; only a system administrator, who sees all, is told that it is missing.
 */
export async function authorize(exchange: Exchange): Promise<void> {
  const name = filled(exchange, 'name')
  const caller = filled(exchange, 'caller')
  const action = actionOf(exchange.endpoint)
  const project = await exchange.deps.findProject(caller.principal, name.project)

  if (!project && decideEverywhere(caller.principal, action.permission)) {
    throw new OciError('NAME_UNKNOWN', {
      message: `project ${name.project} not found`,
      detail: { name: name.full },
    })
  }
  if (!project || !mayAct(caller, action, project, name)) {
    throw refuse(`unauthorized to access repository: ${name.full}, action: ${action.scope}`)
  }

  exchange.project = project
}
