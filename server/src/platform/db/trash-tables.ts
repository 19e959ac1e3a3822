import type { Generated } from 'kysely'
import type { Time } from './columns.ts'

/** Tables of what was deleted and can be restored. */

export interface TrashedArtifactsTable {
  id: Generated<number>
  root_id: number | null
  repository_id: number
  digest: string
  media_type: string
  artifact_type: string | null
  size: number
  tags: string[]
  username: string
  deletion_time: Time
  expiry_time: Date
}

export interface TrashedBlobsTable {
  trash_id: number
  blob_id: number
}

export interface TrashedTagsTable {
  id: Generated<number>
  repository_id: number
  name: string
  digest: string
  username: string
  deletion_time: Time
  expiry_time: Date
}
