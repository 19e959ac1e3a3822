import type { Actor } from '../access/model.ts'
import type { RetentionEvent } from './events.ts'

/** What stands in the payload of whatever happens to a policy; without a project it is that of the system. */
export function payloadOf(
  id: number,
  project: { id: number; name: string } | undefined,
  actor: Actor,
): RetentionEvent {
  return { policyId: id, projectId: project?.id, projectName: project?.name, name: String(id), actor }
}
