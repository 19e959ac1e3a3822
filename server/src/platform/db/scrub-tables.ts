import type { Generated } from 'kysely'
import type { OptionalTime, Time } from './columns.ts'

/** What the scrub finds. */
export interface ScrubFindingsTable {
  id: Generated<number>
  store: string
  kind: 'missing' | 'damaged' | 'unreadable' | 'orphan' | 'foreign'
  state: Generated<'open' | 'healed' | 'restored' | 'discarded' | 'expired' | 'gone'>
  key: string
  digest: string | null
  size: number | null
  blob_id: number | null
  object_id: number | null
  creation_time: Time
  seen_time: Time
  expiry_time: OptionalTime
  end_time: OptionalTime
}
