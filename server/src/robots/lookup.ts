import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import {
  findLoginsById,
  findLoginsByName,
  findLoginsInProject,
  type LoginInProject,
  type LoginInProjectKey,
  type LoginKey,
  type RobotLogin,
} from './login-store.ts'

/** Robots by name or id, always as they are now; those asked for together cost one statement together. */
export interface RobotLookup {
  byName(key: LoginKey): Promise<RobotLogin | undefined>
  byId(id: number): Promise<RobotLogin | undefined>
  /** Together with a project. */
  inProject(key: LoginInProjectKey): Promise<LoginInProject | undefined>
}

/** @param db the one whose statements are kept prepared */
export function createRobotLookup(db: Database): RobotLookup {
  return {
    byName: foldLookups(
      (keys: readonly LoginKey[]) => findLoginsByName(db, keys),
      ({ project, name }) => JSON.stringify([project, name]),
    ),
    byId: foldLookups((ids: readonly number[]) => findLoginsById(db, ids), String),
    inProject: foldLookups(
      (keys: readonly LoginInProjectKey[]) => findLoginsInProject(db, keys),
      ({ project, name, wanted }) => JSON.stringify([project, name, wanted]),
    ),
  }
}
