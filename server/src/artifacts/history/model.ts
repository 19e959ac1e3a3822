/** What became of a tag. */
export type TagOperation = 'pushed' | 'tagged' | 'deleted' | 'restored' | 'rolled_back'

/** A change of a tag on its way into the history. */
export interface TagMove {
  repositoryId: number
  tag: string
  /** Of the event that tells of it: later changes of a tag have larger ones. */
  eventId: number
  operation: TagOperation
  /** What it points to from then on; null: it is gone. */
  digest: string | null
  username: string
  time: Date
}

/** An entry of the history of a tag. */
export interface TagHistoryEntry {
  id: number
  operation: string
  digest: string | undefined
  /** Where the artifact is by now; undefined where the tag was deleted. */
  artifact: 'present' | 'trash' | 'gone' | undefined
  /** Undefined: it was before there was a history. */
  username: string | undefined
  time: Date
}
