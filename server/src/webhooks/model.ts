/** Harbor's kinds of events, in the order in which it lists them. */
export const EVENT_TYPES = [
  'PUSH_ARTIFACT',
  'PULL_ARTIFACT',
  'DELETE_ARTIFACT',
  'QUOTA_EXCEED',
  'QUOTA_WARNING',
  'SCANNING_FAILED',
  'SCANNING_STOPPED',
  'SCANNING_COMPLETED',
  'REPLICATION',
  'TAG_RETENTION',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** What a target understands; `teams` is ours. */
export const TARGET_TYPES = ['http', 'slack', 'teams'] as const
export type TargetType = (typeof TARGET_TYPES)[number]

export const PAYLOAD_FORMATS = ['Default', 'CloudEvents'] as const
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number]

/** Where a webhook sends to, without what is secret. */
export interface Target {
  type: TargetType
  address: string
  skipCertVerify: boolean
  /** Undefined where it was not said: `Default`. */
  payloadFormat: PayloadFormat | undefined
  /** JSON with placeholders, in place of a format. */
  template: string | undefined
}

/** What is secret of a target. */
export interface TargetSecrets {
  authHeader?: string
  headers?: Record<string, string>
  signingSecret?: string
}

export interface WebhookPolicy {
  id: number
  projectId: number
  name: string
  description: string
  enabled: boolean
  eventTypes: EventType[]
  repositoryPattern: string
  tagPattern: string
  targets: Target[]
  /** One for each target. */
  secrets: TargetSecrets[]
  creator: string
  creationTime: Date
  updateTime: Date
}

/** What is set of a policy. */
export type PolicySettings = Omit<
  WebhookPolicy,
  'id' | 'projectId' | 'creator' | 'creationTime' | 'updateTime'
>

/** `Scheduled` waits for another attempt; `Error` was given up. */
export type DeliveryStatus = 'Pending' | 'Scheduled' | 'Success' | 'Error' | 'Stopped'

/** One event on its way to one target, or arrived, or given up. */
export interface Delivery {
  id: number
  policyId: number
  target: number
  eventType: string
  trigger: 'EVENT' | 'MANUAL'
  contentType: string
  body: string
  status: DeliveryStatus
  statusMessage: string
  attempts: number
  creationTime: Date
  startTime: Date | undefined
  updateTime: Date
  endTime: Date | undefined
}

export type NewDelivery = Pick<
  Delivery,
  'policyId' | 'target' | 'eventType' | 'trigger' | 'contentType' | 'body'
> & {
  kind: LaneKind
  /** What has caused it, where that was traced. */
  traceparent?: string | undefined
}

/** Harbor's names of the queues of webhooks. */
export type LaneKind = 'WEBHOOK' | 'SLACK'

export function laneKind(target: Pick<Target, 'type'> | undefined): LaneKind {
  return target?.type === 'slack' ? 'SLACK' : 'WEBHOOK'
}
