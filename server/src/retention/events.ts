import type { Actor } from '../access/model.ts'
import type { RetentionRule } from './model.ts'

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

interface RetentionApplied {
  policyId: number
  projectId: number
  projectName: string
  repositoryId: number
  /** Without the project. */
  repository: string
  /** How the run came about. */
  trigger: 'MANUAL' | 'SCHEDULE'
  /** Artifacts that were judged. */
  total: number
  /** Those that the rules kept. */
  retained: number
  /** As they were when the run was ordered. */
  rules: readonly RetentionRule[]
  /** How the task came to its end; absent: well. */
  result?: 'STOPPED' | 'ERROR'
  /** The first thousand, each with some of its tags. */
  deleted: readonly { digest: string; tags: readonly string[] }[]
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
    /** A run, even one that was stopped, has deleted artifacts of a repository, of which each was told of as well. */
    'retention.applied': RetentionApplied
  }
}
