import type { SystemJob } from '../jobs/system-job/service.ts'

/** Name of the work, of its executions, tasks and schedules. Harbor has none. */
export const SCRUB = 'SCRUB'

/** When it runs by itself: on Sundays, in the night of most. */
export const WEEKLY_CRON = '0 17 3 * * 0'

/** What a run is to do. */
export interface ScrubParameters {
  /** Only tells what it finds. */
  reportOnly: boolean
  /** Reads every object to its end. */
  rehash: boolean
  /** Goes on even where most of what it looks at does not agree. */
  force: boolean
}

/** The scrub as it is started and scheduled. */
export const scrubSystemJob: SystemJob = {
  name: SCRUB,
  what: 'scheduled scrub',
  readParameters: (given) => ({
    report_only: given.report_only === true,
    rehash: given.rehash === true,
    force: given.force === true,
  }),
  toInput: (parameters): ScrubParameters => ({
    reportOnly: parameters.report_only === true,
    rehash: parameters.rehash === true,
    force: parameters.force === true,
  }),
}

export type FindingKind = 'missing' | 'damaged' | 'unreadable' | 'orphan' | 'foreign'
export type FindingState = 'open' | 'healed' | 'restored' | 'discarded' | 'expired' | 'gone'

/** Something in which store and database do not agree, or did not. */
export interface Finding {
  id: number
  kind: FindingKind
  state: FindingState
  key: string
  digest: string | undefined
  /** Bytes that are there, or should be. */
  size: number | undefined
  blobId: number | undefined
  objectId: number | undefined
  creationTime: Date
  seenTime: Date
  /** When bytes in quarantine are deleted. */
  expiryTime: Date | undefined
  endTime: Date | undefined
}

/** What a run tells of itself, in the words of the API. */
export interface ScrubResult {
  objects: number
  bytes: number
  hashed_bytes: number
  keys: number
  missing: number
  damaged: number
  /** Objects that the store could not read this time. */
  unreadable: number
  /** Of those: manifests that were put back from the database. */
  healed: number
  /** Objects that were lost or unknown, are needed, and were put back. */
  restored: number
  orphans: number
  orphan_bytes: number
  /** Objects that were there still although they had been deleted. */
  leftovers: number
  foreign: number
  /** Objects of which an open transaction may know still. */
  undecided: number
  missing_blobs: { digest: string; needed_by: string[] }[]
  damaged_blobs: { digest: string; needed_by: string[] }[]
  orphan_keys: string[]
  foreign_keys: string[]
}

/** Nothing found yet. */
export const NOTHING: ScrubResult = {
  objects: 0,
  bytes: 0,
  hashed_bytes: 0,
  keys: 0,
  missing: 0,
  damaged: 0,
  unreadable: 0,
  healed: 0,
  restored: 0,
  orphans: 0,
  orphan_bytes: 0,
  leftovers: 0,
  foreign: 0,
  undecided: 0,
  missing_blobs: [],
  damaged_blobs: [],
  orphan_keys: [],
  foreign_keys: [],
}

/** Lists in the result of a run end here; the findings have them all. */
export const MOST_LISTED = 50
