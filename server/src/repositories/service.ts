import type { Database } from '../platform/db/database.ts'
import type { Repository } from './model.ts'
import { findRepository, insertRepository } from './store.ts'

export interface RepositoriesDeps {
  db: Database
}

/** The repository of that name in the project, created (unseen, until its first manifest) where there is none. */
export async function ensureRepository(
  deps: RepositoriesDeps,
  projectId: number,
  name: string,
): Promise<Repository> {
  const known = await findRepository(deps.db, projectId, name)
  if (known) return known

  await insertRepository(deps.db, projectId, name)
  const created = await findRepository(deps.db, projectId, name)
  if (!created) throw new Error(`repository ${name} of project ${projectId} vanished while it was created`)
  return created
}
