import type { Actor } from '../access/model.ts'

export interface RetentionEvent {
  policyId: number
  /** Absent for the policy of the system. */
  projectId: number | undefined
  projectName: string | undefined
  /** The policy's id. */
  name: string
  actor: Actor
}

interface RetentionStarted extends RetentionEvent {
  executionId: number
  dryRun: boolean
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A retention policy was made. */
    'retention.created': RetentionEvent
    /** Rules or schedule of a retention policy were set. */
    'retention.updated': RetentionEvent
    /** A retention policy is gone, and its runs. */
    'retention.deleted': RetentionEvent
    /** Somebody ordered a run of a retention policy. */
    'retention.started': RetentionStarted
  }
}
