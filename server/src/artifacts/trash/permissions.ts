import { decide } from '../../access/decide.ts'
import type { Principal, ProjectContext } from '../../access/model.ts'

/** Who may delete sees what can be restored, and may purge it. */
export const TRASH_PERMISSION = { project: 'artifact:delete' } as const

/** Restoring makes what a push makes: an artifact, and the tags that it had. */
export const RESTORE_PERMISSION = { ...TRASH_PERMISSION, and: ['artifact:create', 'tag:create'] } as const

/** Whether somebody who asks for something else may have artifacts restored that it needs. */
export function mayRestoreArtifacts(principal: Principal, project: ProjectContext): boolean {
  const { project: first, and } = RESTORE_PERMISSION
  return [first, ...and].every((permission) => decide(principal, permission, project))
}
