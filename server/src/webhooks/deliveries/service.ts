import type { Actor } from '../../access/model.ts'
import type { Filter, Order, Page } from '../../platform/db/list.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { currentTraceparent } from '../../platform/tracing/traceparent.ts'
import { type DeliverDeps, deliver } from '../deliver.ts'
import * as store from '../delivery-store.ts'
import { type EnqueueDeps, renderSafely } from '../enqueue.ts'
import { retryLanes, selectLanes } from '../lane-store.ts'
import { type Delivery, type DeliveryStatus, laneKind, type WebhookPolicy } from '../model.ts'
import { toPayload } from '../payload.ts'
import { getPolicy, type PolicyProject, payloadOf, type WebhooksDeps } from '../service.ts'

/** What was and is to be delivered for a webhook: its history, and what a person can do about it. */

export type DeliveriesDeps = WebhooksDeps & EnqueueDeps & DeliverDeps

export interface DeliveryList {
  filters: readonly Filter<store.DeliveryField>[]
  statuses?: readonly string[]
  orders: readonly Order<store.DeliveryField>[]
  page: Page
}

/** One page of the deliveries of a webhook, and how many there are. Throws not-found. */
export async function listDeliveries(
  deps: WebhooksDeps,
  projectId: number,
  policyId: number,
  list: DeliveryList,
): Promise<{ policy: WebhookPolicy; deliveries: Delivery[]; total: number }> {
  const policy = await getPolicy(deps, projectId, policyId)

  return { policy, ...(await store.selectDeliveries(deps.db, policyId, list)) }
}

/** A delivery of a webhook of the project. Throws not-found. */
export async function getDelivery(
  deps: WebhooksDeps,
  projectId: number,
  policyId: number,
  id: number,
): Promise<{ policy: WebhookPolicy; delivery: Delivery }> {
  const policy = await getPolicy(deps, projectId, policyId)
  const delivery = await store.findDelivery(deps.db, policyId, id)
  if (!delivery) throw new DomainError('not-found', `execution ${id} not found`)

  return { policy, delivery }
}

/** What was noted of the attempts of a delivery, whose only task has its own id. Throws not-found. */
export async function getLog(
  deps: WebhooksDeps,
  projectId: number,
  policyId: number,
  id: number,
  taskId: number,
): Promise<string> {
  const { delivery } = await getDelivery(deps, projectId, policyId, id)
  if (taskId !== delivery.id) throw new DomainError('not-found', `task ${taskId} not found`)

  return await store.readLog(deps.db, id)
}

/** Sends the same message once more, behind whatever waits; answers the id of the new delivery. Throws not-found. */
export async function redeliver(
  deps: WebhooksDeps,
  project: PolicyProject,
  policyId: number,
  id: number,
  actor: Actor,
): Promise<number> {
  const { policy, delivery } = await getDelivery(deps, project.id, policyId, id)
  const target = policy.targets[delivery.target]
  if (!target) throw new DomainError('conflict', 'the target of this delivery is not there any more')

  return await deps.db.transaction().execute(async (tx) => {
    const { eventType, contentType, body } = delivery
    const [again] = await store.insertDeliveries(tx, [
      {
        policyId,
        target: delivery.target,
        kind: laneKind(target),
        eventType,
        trigger: 'MANUAL',
        contentType,
        body,
        traceparent: currentTraceparent(),
      },
    ])
    await emit(tx, { type: 'webhook.redelivered', payload: payloadOf(project, policyId, policy.name, actor) })
    if (again === undefined) throw new Error('no delivery was written')
    return again
  })
}

/** Puts all dead letters of a webhook back into the queue, in their order; answers how many. Throws not-found. */
export async function replay(
  deps: WebhooksDeps,
  project: PolicyProject,
  policyId: number,
  actor: Actor,
): Promise<number> {
  const policy = await getPolicy(deps, project.id, policyId)

  return await deps.db.transaction().execute(async (tx) => {
    const { targets, count } = await store.requeueDead(tx, policyId)
    if (count === 0) return 0
    await store.openLanes(
      tx,
      targets.map((target) => ({ policyId, target, kind: laneKind(policy.targets[target]) })),
    )
    await retryLanes(tx, policyId)
    await emit(tx, { type: 'webhook.replayed', payload: payloadOf(project, policyId, policy.name, actor) })
    return count
  })
}

/** How it goes with a webhook: what waits, and the gap. */
export interface WebhookState extends Awaited<ReturnType<typeof store.readBacklog>> {
  targets: Awaited<ReturnType<typeof selectLanes>>
}

export async function readState(
  deps: WebhooksDeps,
  projectId: number,
  policyId: number,
): Promise<WebhookState> {
  await getPolicy(deps, projectId, policyId)
  const [backlog, targets] = await Promise.all([
    store.readBacklog(deps.db, policyId),
    selectLanes(deps.db, policyId),
  ])

  return { ...backlog, targets }
}

/**
 * Sends an event that never happened, at once and once, whatever waits. Tells whether it arrived, and nothing of what was
 * answered but the status. Throws not-found.
 */
export async function sendTest(
  deps: DeliveriesDeps,
  project: PolicyProject,
  policyId: number,
  position: number,
  actor: Actor,
): Promise<{ id: number; status: DeliveryStatus; statusMessage: string }> {
  const policy = await getPolicy(deps, project.id, policyId)
  const target = policy.targets[position]
  if (!target) throw new DomainError('not-found', `target ${position} not found`)
  const [eventType = 'PUSH_ARTIFACT'] = policy.eventTypes
  const payload = toPayload(
    {
      type: eventType,
      time: deps.now(),
      operator: actor.username,
      projectId: project.id,
      repository: { id: undefined, projectName: project.name, name: 'test' },
      resources: [{ digest: `sha256:${'0'.repeat(64)}`, tag: 'test' }],
      customAttributes: { Details: 'a test of this webhook: nothing has happened' },
    },
    { creationTime: deps.now(), public: false },
    deps.registryHost,
  )
  const message = renderSafely(target, payload, { projectId: project.id, policyId })
  const startTime = deps.now()
  const attempt = await deliver(
    deps,
    { target, secrets: policy.secrets[position] ?? {} },
    { id: undefined, eventType, ...message },
  )
  const status = attempt.kind === 'arrived' ? 'Success' : 'Error'
  const statusMessage = attempt.kind === 'ended' ? 'the server is stopping' : attempt.message
  const id = await store.insertDone(
    deps.db,
    { policyId, target: position, eventType: store.TEST_EVENT, trigger: 'MANUAL', ...message },
    {
      status,
      statusMessage: status === 'Success' ? '' : statusMessage,
      log: `${startTime.toISOString()} test: ${statusMessage}\n`,
      startTime,
    },
  )

  return { id, status, statusMessage }
}
