import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { Repository } from './model.ts'
import { findAliasTarget } from './names/store.ts'
import { findRepository, insertRepository } from './store.ts'

export interface RepositoriesDeps {
  db: Database
}

/**
 * The repository of that name in the project, created where there is none: unseen until its
 * first manifest. Throws not-found where the project is gone, forbidden where the name is an alias.
 */
export async function ensureRepository(
  deps: RepositoriesDeps,
  projectId: number,
  name: string,
): Promise<Repository> {
  const known = await findRepository(deps.db, projectId, name)
  if (known) return known
  if (await findAliasTarget(deps.db, projectId, name)) {
    throw new DomainError(
      'forbidden',
      `${name} is the former name of a repository and good for pulls only, until its alias is dropped`,
    )
  }

  await insertRepository(deps.db, projectId, name)
  const created = await findRepository(deps.db, projectId, name)
  if (!created) throw new DomainError('not-found', 'the project is gone')
  return created
}
