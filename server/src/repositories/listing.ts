import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import {
  countSelected,
  type RepositoryField,
  type RepositoryScope,
  selectRepositories,
} from './list-store.ts'
import type { ListedRepository } from './model.ts'

export interface ListingDeps {
  db: Database
  /** How many artifacts each repository shows; those without any are left out. From `artifacts`. */
  countArtifacts(db: Database, repositoryIds: readonly number[]): Promise<Map<number, number>>
  /** The repositories with an artifact that contains the blob. From `artifacts`. */
  findRepositoriesWithBlob(db: Database, digest: string): Promise<number[]>
}

export interface CountedRepository extends ListedRepository {
  artifacts: number
}

export interface RepositoryListRequest {
  scope: RepositoryScope
  filters: readonly Filter<RepositoryField>[]
  /** Only repositories with an artifact that contains this blob. */
  blobDigest?: string | undefined
  orders: readonly Order<RepositoryField>[]
  page: Page
}

/** One page of repositories, and how many there are in all. A fixed number of statements. */
export async function listRepositories(
  deps: ListingDeps,
  request: RepositoryListRequest,
): Promise<{ repositories: CountedRepository[]; total: number }> {
  const { scope, filters, blobDigest } = request
  const ids = blobDigest === undefined ? undefined : await deps.findRepositoriesWithBlob(deps.db, blobDigest)
  const selection = { scope, filters, ids }
  const total = await countSelected(deps.db, selection)
  const window = nearestWindow(request.page, total)
  const rows = await selectRepositories(deps.db, selection, request.orders, window)
  return { repositories: await withCounts(deps, rows), total }
}

/** The repositories with the numbers of their artifacts. */
export async function withCounts(
  deps: ListingDeps,
  repositories: readonly ListedRepository[],
): Promise<CountedRepository[]> {
  const ids = repositories.map((repository) => repository.id)
  const counts = await deps.countArtifacts(deps.db, ids)
  return repositories.map((repository) => ({ ...repository, artifacts: counts.get(repository.id) ?? 0 }))
}
