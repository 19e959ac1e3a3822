import type * as Wire from '@portolan/api/webhooks'
import type { WebhookState } from './deliveries/service.ts'
import { type Delivery, laneKind, type Target, type TargetSecrets, type WebhookPolicy } from './model.ts'
import { mask } from './secrets.ts'
import type { LastTrigger, PolicyRequest } from './service.ts'

/** A webhook as Harbor shows it: what is empty is left out, what is secret is masked. */
export function toWire(policy: WebhookPolicy): Wire.WebhookPolicy {
  return {
    id: policy.id,
    ...(policy.name && { name: policy.name }),
    ...(policy.description && { description: policy.description }),
    project_id: policy.projectId,
    targets: policy.targets.map((target, position) => targetToWire(target, policy.secrets[position] ?? {})),
    event_types: policy.eventTypes,
    creation_time: policy.creationTime.toISOString(),
    update_time: policy.updateTime.toISOString(),
    enabled: policy.enabled,
    ...(policy.repositoryPattern && { repository_pattern: policy.repositoryPattern }),
    ...(policy.tagPattern && { tag_pattern: policy.tagPattern }),
  }
}

function targetToWire(target: Target, secrets: TargetSecrets): Wire.WebhookTargetObject {
  const headers = Object.entries(secrets.headers ?? {}).map(([name, value]) => [name, mask(value)])
  return {
    type: target.type,
    address: target.address,
    ...(secrets.authHeader && { auth_header: mask(secrets.authHeader) }),
    ...(target.skipCertVerify && { skip_cert_verify: true }),
    ...(target.payloadFormat && { payload_format: target.payloadFormat }),
    ...(headers.length > 0 && { custom_headers: Object.fromEntries(headers) }),
    ...(target.template !== undefined && { payload_template: target.template }),
    ...(secrets.signingSecret && { signed: true }),
  }
}

/** What a request asks for. */
export function toRequest(body: Wire.WebhookPolicyReq): PolicyRequest {
  return {
    name: body.name ?? '',
    description: body.description ?? '',
    enabled: body.enabled ?? false,
    eventTypes: body.event_types ?? [],
    repositoryPattern: body.repository_pattern ?? '',
    tagPattern: body.tag_pattern ?? '',
    targets: (body.targets ?? []).map((target) => ({
      type: target.type ?? '',
      address: target.address ?? '',
      skipCertVerify: target.skip_cert_verify ?? false,
      payloadFormat: target.payload_format ?? '',
      template: target.payload_template ?? '',
      authHeader: target.auth_header,
      headers: target.custom_headers,
      signingSecret: target.signing_secret,
    })),
  }
}

/** A delivery as Harbor shows it: an execution with one task. */
export function toExecution(delivery: Delivery, policy: WebhookPolicy): Wire.WebhookExecution {
  return {
    id: delivery.id,
    vendor_type: laneKind(policy.targets[delivery.target]),
    vendor_id: policy.id,
    status: executionStatus(delivery),
    ...(delivery.statusMessage && { status_message: delivery.statusMessage }),
    metrics: { task_count: 1, [`${delivery.status.toLowerCase()}_task_count`]: 1 },
    trigger: delivery.trigger,
    extra_attrs: { event_type: delivery.eventType, payload: delivery.body },
    start_time: delivery.creationTime.toISOString(),
    ...(delivery.endTime && { end_time: delivery.endTime.toISOString() }),
  }
}

/** As Harbor derives it: what waits runs. */
function executionStatus({ status }: Delivery): string {
  return status === 'Pending' || status === 'Scheduled' ? 'Running' : status
}

export function toTask(delivery: Delivery): Wire.WebhookTask {
  return {
    id: delivery.id,
    execution_id: delivery.id,
    status: delivery.status,
    ...(delivery.statusMessage && { status_message: delivery.statusMessage }),
    ...(delivery.attempts > 0 && { run_count: delivery.attempts }),
    creation_time: delivery.creationTime.toISOString(),
    update_time: delivery.updateTime.toISOString(),
    ...(delivery.startTime && { start_time: delivery.startTime.toISOString() }),
    ...(delivery.endTime && { end_time: delivery.endTime.toISOString() }),
  }
}

export function toJob(delivery: Delivery, policy: WebhookPolicy): Wire.WebhookJobs[number] {
  return {
    id: delivery.id,
    policy_id: policy.id,
    event_type: delivery.eventType,
    notify_type: policy.targets[delivery.target]?.type ?? 'http',
    status: delivery.status,
    job_detail: delivery.body,
    creation_time: delivery.creationTime.toISOString(),
    update_time: delivery.updateTime.toISOString(),
  }
}

export function toLastTrigger({ policy, eventType, time }: LastTrigger): Wire.WebhookLastTriggers[number] {
  return {
    ...(policy.name && { policy_name: policy.name }),
    event_type: eventType,
    ...(policy.enabled && { enabled: true }),
    creation_time: policy.creationTime.toISOString(),
    ...(time && { last_trigger_time: time.toISOString() }),
  }
}

export function toState(state: WebhookState): Wire.WebhookState {
  return {
    waiting: state.waiting,
    ...(state.oldestWaiting && { oldest_waiting: state.oldestWaiting.toISOString() }),
    dead_letters: state.dead,
    ...(state.gapBegin && { gap_begin: state.gapBegin.toISOString() }),
    ...(state.gapEnd && { gap_end: state.gapEnd.toISOString() }),
    targets: state.targets.map(({ target, failures, failingSince, retryTime }) => ({
      position: target,
      failures,
      ...(failingSince && { failing_since: failingSince.toISOString() }),
      ...(retryTime && failures > 0 && { next_attempt: retryTime.toISOString() }),
    })),
  }
}
