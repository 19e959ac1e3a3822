import type { Actor } from '../access/model.ts'

export interface WebhookEvent {
  projectId: number
  projectName: string
  policyId: number
  name: string
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A webhook was made. */
    'webhook.created': WebhookEvent
    /** A webhook was changed, switched on or off. */
    'webhook.updated': WebhookEvent
    /** A webhook is gone, and what waited for it. */
    'webhook.deleted': WebhookEvent
    /** Somebody had a delivery made again. */
    'webhook.redelivered': WebhookEvent
    /** Somebody had the dead letters of a webhook delivered. */
    'webhook.replayed': WebhookEvent
  }
}
