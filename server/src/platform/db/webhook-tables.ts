import type { Generated } from 'kysely'
import type { Json, OptionalTime, Time } from './columns.ts'

export interface WebhookPoliciesTable {
  id: Generated<number>
  project_id: number
  name: string
  description: string
  enabled: boolean
  event_types: string[]
  repository_pattern: Generated<string>
  tag_pattern: Generated<string>
  targets: Json<unknown>
  secrets: Buffer | null
  creator: Generated<string>
  creation_time: Time
  update_time: Time
}

export interface WebhookDeliveriesTable {
  id: Generated<number>
  policy_id: number
  target: number
  event_type: string
  trigger: 'EVENT' | 'MANUAL'
  content_type: string
  body: string
  status: Generated<'Pending' | 'Scheduled' | 'Success' | 'Error' | 'Stopped'>
  status_message: Generated<string>
  attempts: Generated<number>
  log: Generated<string>
  creation_time: Time
  queue_time: Time
  start_time: OptionalTime
  update_time: Time
  end_time: OptionalTime
  traceparent: string | null
}

export interface WebhookLanesTable {
  policy_id: number
  target: number
  kind: string
  open: Generated<boolean>
  failures: Generated<number>
  failing_since: OptionalTime
  retry_time: OptionalTime
  lease_token: string | null
  lease_time: OptionalTime
}
