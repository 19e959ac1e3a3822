import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import { findByIds, findByNames, type LoginKey, type StoredRobot } from './store.ts'

/** Robots by name or id, always as they are now; those asked for together cost one statement together. */
export interface RobotLookup {
  byName(key: LoginKey): Promise<StoredRobot | undefined>
  byId(id: number): Promise<StoredRobot | undefined>
}

export function createRobotLookup(db: Database): RobotLookup {
  return {
    byName: foldLookups(
      (keys: readonly LoginKey[]) => findByNames(db, keys),
      ({ project, name }) => JSON.stringify([project, name]),
    ),
    byId: foldLookups((ids: readonly number[]) => findByIds(db, ids), String),
  }
}
