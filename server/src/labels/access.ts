import { admitToProject, refusalOf } from '../access/admission.ts'
import { decide } from '../access/decide.ts'
import type { Principal, ProjectContext } from '../access/model.ts'
import { findProjectContext, type MembersDeps } from '../members/service.ts'

type Action = 'create' | 'read' | 'update' | 'delete' | 'list'

/**
 * Lets the caller do something with the labels of a project, or with the global ones: the path names no
 * project, so the guard cannot. Answers the project. Everybody may list the global labels.
 */
export async function admitToLabels(
  deps: MembersDeps,
  principal: Principal,
  projectId: number | undefined,
  action: Action,
): Promise<(ProjectContext & { name: string }) | undefined> {
  if (projectId === undefined) {
    if (action === 'list' || decide(principal, `label:${action}`)) return undefined
    throw refusalOf(principal)
  }
  const project = await findProjectContext(deps, principal, String(projectId), false)
  return admitToProject(principal, [`label:${action}`], project, String(projectId))
}
