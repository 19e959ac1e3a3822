import type { Actor } from '../../access/model.ts'
import { deleteTaskLogs } from '../../jobs/task-log.ts'
import { Overtaken, transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import type { RetentionPolicy } from '../model.ts'
import {
  checkContent,
  dropPolicy,
  insertPolicy,
  type PolicyContent,
  replacePolicy,
  type ShownPolicy,
  showPolicy,
} from '../policies.ts'
import type { RetentionDeps } from '../service.ts'
import { findPolicyOf } from '../store.ts'

/** The one policy of all projects that have none of their own. Throws not-found. */
export async function getSystemPolicy({ db }: Pick<RetentionDeps, 'db'>): Promise<RetentionPolicy> {
  const policy = await findPolicyOf(db, undefined)
  if (!policy) throw notFound()
  return policy
}

/** The same with its schedule. Throws not-found. */
export async function showSystemPolicy(deps: RetentionDeps): Promise<ShownPolicy> {
  return await showPolicy(deps.db, await getSystemPolicy(deps))
}

/** Makes it, or gives it other rules and another schedule. Throws bad-request, conflict. */
export async function setSystemPolicy(
  deps: RetentionDeps,
  content: PolicyContent,
  actor: Actor,
): Promise<void> {
  checkContent(content)
  await transact(deps.db, async (tx) => {
    const policy = await findPolicyOf(tx, undefined)
    const done = policy
      ? await replacePolicy(tx, policy.id, undefined, content, actor)
      : await insertPolicy(tx, undefined, content, actor)
    // Somebody else has made or deleted it since it was looked for.
    if (done === undefined || done === false) throw new Overtaken()
  })
}

/** Deletes it with its schedule and its runs. Throws not-found. */
export async function removeSystemPolicy(deps: RetentionDeps, actor: Actor): Promise<void> {
  const { id } = await getSystemPolicy(deps)
  const taskIds = await deps.db.transaction().execute((tx) => dropPolicy(tx, id, undefined, actor))
  if (!taskIds) throw notFound()
  await deleteTaskLogs(deps.storage, taskIds)
}

function notFound(): DomainError {
  return new DomainError('not-found', 'the system has no retention policy')
}
