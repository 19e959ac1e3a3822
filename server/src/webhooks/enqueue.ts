import type { Database } from '../platform/db/database.ts'
import { formatBytes } from '../quotas/model.ts'
import { readUsage } from '../quotas/usage-store.ts'
import { insertDeliveries } from './delivery-store.ts'
import { createFilter } from './filters.ts'
import { type Message, render, type Sender } from './formats.ts'
import { laneKind, type NewDelivery, type Target } from './model.ts'
import { type Payload, type RepositoryFacts, toPayload, type WebhookEvent } from './payload.ts'
import { findListeners, findRepositoryFacts, type StoredPolicy } from './policy-store.ts'
import { TemplateError } from './template.ts'

export interface EnqueueDeps {
  /** Whether webhooks are on at all: the setting `notification_enable`. */
  enabled(): boolean
  /** The registry's host as clients write it in front of a repository. */
  registryHost: string
}

/**
 * Writes down what is to be delivered of these events, in their order, within the transaction that knows that they have
 * been heard. No call is made here: that is the worker's.
 */
export async function enqueue(
  deps: EnqueueDeps,
  tx: Database,
  heard: readonly WebhookEvent[],
): Promise<void> {
  if (!deps.enabled() || heard.length === 0) return
  const types = [...new Set(heard.map((event) => event.type))]
  const projects = [...new Set(heard.map((event) => event.projectId))]
  const asked = types.includes('PUSH_ARTIFACT') ? [...types, 'QUOTA_WARNING' as const] : types
  const listeners = await findListeners(tx, projects, asked)
  if (listeners.length === 0) return

  const warned = await warnings(tx, heard, listeners)
  const filtered = listeners.map((policy) => ({ policy, wants: createFilter(policy) }))
  for (const part of parts(heard, listeners)) {
    const events = part.flatMap((event) => [event, ...(warned.get(event) ?? [])])
    const matched = events.flatMap((event) =>
      filtered
        .filter(({ policy }) => policy.projectId === event.projectId && policy.creationTime <= event.time)
        .flatMap(({ policy, wants }) => {
          const kept = wants(event)
          return kept ? [{ policy, event: kept }] : []
        }),
    )
    const factsOf = await lookUp(
      tx,
      matched.map(({ event }) => event),
    )
    await insertDeliveries(
      tx,
      matched.flatMap(({ policy, event }) =>
        deliveriesOf(policy, toPayload(event, factsOf(event), deps.registryHost), event.traceparent),
      ),
    )
  }
}

/** Deliveries that are held in memory at once. */
const MOST_AT_ONCE = 5000

/** The events in parts of which none makes more deliveries than that. */
function* parts(
  heard: readonly WebhookEvent[],
  listeners: readonly StoredPolicy[],
): Generator<readonly WebhookEvent[]> {
  const targets = listeners.reduce((sum, policy) => sum + policy.targets.length, 0)
  const size = Math.max(1, Math.floor(MOST_AT_ONCE / Math.max(1, targets)))
  for (let at = 0; at < heard.length; at += size) yield heard.slice(at, at + size)
}

/** One for each target of the policy. */
function deliveriesOf(
  policy: StoredPolicy,
  payload: Payload,
  traceparent: string | undefined,
): NewDelivery[] {
  const sender = { projectId: policy.projectId, policyId: policy.id }
  return policy.targets.map((target, position) => ({
    policyId: policy.id,
    target: position,
    kind: laneKind(target),
    eventType: payload.type,
    trigger: 'EVENT',
    traceparent,
    ...renderSafely(target, payload, sender),
  }))
}

/** A template that makes nonsense of this one event must not hold up all others: the target gets the plain payload. */
export function renderSafely(target: Target, payload: Payload, sender: Sender): Message {
  try {
    return render(target, payload, sender)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return render({ ...target, template: undefined }, payload, sender)
  }
}

/** Which part of its limit a project may use before its webhooks hear of it, as in Harbor. */
const WARNED_FROM = 0.85

/** Warnings of projects that are nearly full after these pushes, one each, behind the last push. */
async function warnings(
  tx: Database,
  heard: readonly WebhookEvent[],
  listeners: readonly StoredPolicy[],
): Promise<ReadonlyMap<WebhookEvent, WebhookEvent[]>> {
  const listening = new Set(
    listeners
      .filter((policy) => policy.eventTypes.includes('QUOTA_WARNING'))
      .map((policy) => policy.projectId),
  )
  const last = new Map<number, WebhookEvent>()
  for (const event of heard) {
    if (event.type === 'PUSH_ARTIFACT' && listening.has(event.projectId)) last.set(event.projectId, event)
  }
  const warned = new Map<WebhookEvent, WebhookEvent[]>()
  for (const [projectId, event] of last) {
    const { limit, used } = await readUsage(tx, projectId)
    if (limit === null || used < limit * WARNED_FROM) continue
    const details = `quota usage reach ${WARNED_FROM * 100}%: resource storage used ${formatBytes(used)} of ${formatBytes(limit)}`
    warned.set(event, [{ ...event, type: 'QUOTA_WARNING', customAttributes: { Details: details } }])
  }
  return warned
}

async function lookUp(
  tx: Database,
  events: readonly WebhookEvent[],
): Promise<(event: WebhookEvent) => RepositoryFacts> {
  const keyOf = (projectId: number, repository: string) => `${projectId}/${repository}`
  const asked = new Map(
    events.flatMap(({ projectId, repository }) =>
      repository ? [[keyOf(projectId, repository.name), { projectId, repository: repository.name }]] : [],
    ),
  )
  const found = await findRepositoryFacts(tx, [...asked.values()])
  const facts = new Map(found.map((row) => [keyOf(row.projectId, row.repository), row]))

  return ({ projectId, repository }) => {
    const row = repository && facts.get(keyOf(projectId, repository.name))
    return { public: row?.public ?? false, creationTime: row?.creationTime ?? undefined }
  }
}
