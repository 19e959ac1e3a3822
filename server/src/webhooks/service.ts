import type { Actor } from '../access/model.ts'
import type { SecretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import type { OutboundClient } from '../platform/outbound/client.ts'
import { checkSettings, readTargets, type TargetRequest } from './check.ts'
import { findLastTriggers } from './delivery-store.ts'
import type { WebhookEvent } from './events.ts'
import type { PolicySettings, WebhookPolicy } from './model.ts'
import * as store from './policy-store.ts'
import { mergeSecrets, openSecrets, type SecretChanges, sealSecrets } from './secrets.ts'

export interface WebhooksDeps {
  db: Database
  box: SecretBox
  outbound: Pick<OutboundClient, 'check'>
}

/** The project that a policy is in. */
export interface PolicyProject {
  id: number
  name: string
}

/** What is asked for; the whole of it, also in a change. */
export interface PolicyRequest
  extends Pick<PolicySettings, 'name' | 'description' | 'enabled' | 'repositoryPattern' | 'tagPattern'> {
  eventTypes: string[]
  targets: (TargetRequest & SecretChanges)[]
}

export interface PolicyList {
  filters: readonly Filter<store.PolicyField>[]
  orders: readonly Order<store.PolicyField>[]
  page: Page
}

/** One page of the webhooks of a project, and how many there are. */
export async function listPolicies(
  deps: WebhooksDeps,
  projectId: number,
  list: PolicyList,
): Promise<{ policies: WebhookPolicy[]; total: number }> {
  const { policies, total } = await store.selectPolicies(deps.db, projectId, list)

  return { policies: policies.map((policy) => opened(deps, policy)), total }
}

/** A webhook of the project. Throws not-found. */
export async function getPolicy(deps: WebhooksDeps, projectId: number, id: number): Promise<WebhookPolicy> {
  const policy = await store.findPolicy(deps.db, projectId, id)
  if (!policy) throw missing(id)

  return opened(deps, policy)
}

/** Creates a webhook and answers its id. Throws bad-request, and conflict where the name is taken. */
export async function createPolicy(
  deps: WebhooksDeps,
  project: PolicyProject,
  request: PolicyRequest,
  actor: Actor,
): Promise<number> {
  const settings = settingsOf(deps, request, undefined)
  return await deps.db.transaction().execute(async (tx) => {
    await checkTargets(tx, project.id, 0, settings)
    const id = await store.insertPolicy(tx, project.id, actor.username, sealed(deps, project.id, settings))
    if (id === undefined) throw taken(request.name)
    await emit(tx, { type: 'webhook.created', payload: payloadOf(project, id, request.name, actor) })
    return id
  })
}

/** Changes a webhook. Throws bad-request, conflict, not-found. */
export async function changePolicy(
  deps: WebhooksDeps,
  project: PolicyProject,
  id: number,
  request: PolicyRequest,
  actor: Actor,
): Promise<void> {
  const former = await getPolicy(deps, project.id, id)
  const settings = settingsOf(deps, request, former)
  await deps.db.transaction().execute(async (tx) => {
    await checkTargets(tx, project.id, id, settings)
    const outcome = await store.updatePolicy(tx, id, sealed(deps, project.id, settings))
    if (outcome === 'absent') throw missing(id)
    if (outcome === 'taken') throw taken(request.name)
    await emit(tx, { type: 'webhook.updated', payload: payloadOf(project, id, request.name, actor) })
  })
}

/** Each of them makes a row of everything that happens, while others wait. */
const MOST_TARGETS = 50

async function checkTargets(
  tx: Database,
  projectId: number,
  exceptId: number,
  { targets }: PolicySettings,
): Promise<void> {
  if (targets.length + (await store.countTargets(tx, projectId, exceptId)) > MOST_TARGETS) {
    throw new DomainError('bad-request', `the webhooks of a project have at most ${MOST_TARGETS} targets`)
  }
}

/** Deletes a webhook with its history and with what waits for it. Throws not-found. */
export async function removePolicy(
  deps: WebhooksDeps,
  project: PolicyProject,
  id: number,
  actor: Actor,
): Promise<void> {
  const { name } = await getPolicy(deps, project.id, id)
  await deps.db.transaction().execute(async (tx) => {
    if (!(await store.deletePolicy(tx, id))) throw missing(id)
    await emit(tx, { type: 'webhook.deleted', payload: payloadOf(project, id, name, actor) })
  })
}

/** When each webhook of a project sent something last, by kind of event. */
export interface LastTrigger {
  policy: WebhookPolicy
  eventType: string
  time: Date | undefined
}

// Harbor tells of all of them at once.
const ALL: PolicyList = { filters: [], orders: [], page: { offset: 0, limit: 1000 } }

export async function listLastTriggers(deps: WebhooksDeps, projectId: number): Promise<LastTrigger[]> {
  const { policies } = await listPolicies(deps, projectId, ALL)
  const found = await findLastTriggers(
    deps.db,
    policies.map((policy) => policy.id),
  )
  const times = new Map(found.map((row) => [`${row.policyId} ${row.eventType}`, row.time]))

  return policies.flatMap((policy) =>
    policy.eventTypes.map((eventType) => ({
      policy,
      eventType,
      time: times.get(`${policy.id} ${eventType}`),
    })),
  )
}

/** What an event says of a webhook. */
export function payloadOf(project: PolicyProject, id: number, name: string, actor: Actor): WebhookEvent {
  return { projectId: project.id, projectName: project.name, policyId: id, name, actor }
}

function missing(id: number): DomainError {
  return new DomainError('not-found', `notificationPolicy ${id} not found`)
}

function taken(name: string): DomainError {
  return new DomainError('conflict', `notification policy named ${name} already exists`)
}

function settingsOf(
  deps: WebhooksDeps,
  request: PolicyRequest,
  former: WebhookPolicy | undefined,
): PolicySettings {
  const targets = readTargets(request.targets, request.name, (address) => deps.outbound.check(address))
  const secrets = targets.map(({ address }, position) => {
    const before = former?.targets[position]
    return mergeSecrets(
      request.targets[position] ?? { authHeader: undefined, headers: undefined, signingSecret: undefined },
      address,
      before && { target: before, secrets: former?.secrets[position] ?? {} },
    )
  })
  const settings: PolicySettings = {
    name: request.name,
    description: request.description,
    enabled: request.enabled,
    eventTypes: [...new Set(request.eventTypes)] as PolicySettings['eventTypes'],
    repositoryPattern: request.repositoryPattern,
    tagPattern: request.tagPattern,
    targets,
    secrets,
  }
  checkSettings(settings)

  return settings
}

function sealed({ box }: WebhooksDeps, projectId: number, { secrets, ...rest }: PolicySettings) {
  return { ...rest, sealed: sealSecrets(box, projectId, secrets) ?? null }
}

/** The policy with its secrets, one for each target. */
function opened(
  { box }: Pick<WebhooksDeps, 'box'>,
  { sealed: stored, ...policy }: store.StoredPolicy,
): WebhookPolicy {
  const secrets = openSecrets(box, policy.projectId, stored)

  return { ...policy, secrets: policy.targets.map((_, position) => secrets[position] ?? {}) }
}
