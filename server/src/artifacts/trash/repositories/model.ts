import type { Actor } from '../../../access/model.ts'
import type { Status } from '../../../jobs/model.ts'

/** The kind of work that counts a large repository in its project again, and then shows it. */
export const REPOSITORY_RESTORE = 'REPOSITORY_RESTORE'

/** What it is about; the name it comes back to is in the repository's row. */
export interface RestoreInput {
  repositoryId: number
  projectId: number
  projectName: string
  actor: Actor
}

/** How far it is. */
export interface Progress {
  executionId: number
  status: Status
  /** Why it failed. */
  message: string
  /** Artifacts. */
  total: number
  done: number
}
