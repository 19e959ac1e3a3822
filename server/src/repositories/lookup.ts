import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import type { Repository } from './model.ts'
import { findRepositoriesByName, type NameInProject } from './store.ts'

/** Finds the live repository of a name within a project. */
export type FindRepository = (key: NameInProject) => Promise<Repository | undefined>

/** Requests that arrive together cost one query together; nothing is remembered from one to the next. */
export function createRepositoryLookup(db: Database): FindRepository {
  return foldLookups(
    (keys) => findRepositoriesByName(db, keys),
    ({ projectId, name }) => `${projectId}/${name}`,
  )
}
