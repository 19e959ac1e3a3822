import type { Database } from '../../platform/db/database.ts'
import { writeLastUses } from './store.ts'

/**
 * When tokens were used last, gathered in memory and written now and then in one statement: a login writes
 * nothing. A crash loses what was gathered since.
 */
export interface LastUses {
  note(tokenId: number, time: Date): void
  write(db: Database): Promise<void>
}

export function createLastUses(): LastUses {
  let gathered = new Map<number, Date>()

  return {
    note(tokenId, time) {
      gathered.set(tokenId, time)
    },
    async write(db) {
      if (gathered.size === 0) return
      const uses = gathered
      gathered = new Map()
      try {
        await writeLastUses(db, uses)
      } catch (error) {
        // Another time; what came meanwhile is later.
        for (const [id, time] of uses) if (!gathered.has(id)) gathered.set(id, time)
        throw error
      }
    },
  }
}
