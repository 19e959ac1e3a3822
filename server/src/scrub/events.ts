import type { Actor } from '../access/model.ts'

interface BlobLost {
  digest: string
  /** Bytes that there should be. */
  size: number
  /** Whether the store has nothing, or something else. */
  reason: 'missing' | 'damaged'
  /** Whether the bytes were put back at once: those of a manifest are in the database too. */
  healed: boolean
  /** `project/repository@digest` of artifacts that need it, the first ones. */
  neededBy: readonly string[]
}

interface BlobRecovered {
  digest: string
  key: string
}

export interface FindingEvent {
  findingId: number
  kind: string
  /** Of the object. */
  key: string
  digest: string | undefined
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** The store has lost the bytes of a blob, or has others in their place. */
    'blob.lost': BlobLost
    /** The scrub has found the bytes of a blob that was lost, and put them back. */
    'blob.recovered': BlobRecovered
    /** Somebody has put an object out of quarantine back in its place. */
    'finding.restored': FindingEvent
    /** Somebody wants no more of what the scrub has found; bytes in quarantine are gone. */
    'finding.discarded': FindingEvent
  }
}
