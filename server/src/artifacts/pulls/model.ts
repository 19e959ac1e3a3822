import type { Actor } from '../../access/model.ts'

/** A manifest that was handed out: one pull of an image, or of one platform of it. */
export interface Pull {
  projectId: number
  projectName: string
  repositoryId: number
  /** Relative to the project. */
  repository: string
  artifactId: number
  digest: string
  /** Absent where it was asked for by digest. */
  tag?: string
  /** Undefined for anonymous callers, of whom the address is known. */
  actor: Actor | undefined
  address: string
  time: Date
}

/** What is kept of pulls; an administrator may turn each off. */
export interface PullSettings {
  times: boolean
  counts: boolean
}
