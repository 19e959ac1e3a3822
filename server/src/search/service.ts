import type { Principal } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { type DetailedProject, listProjects } from '../projects/listing.ts'
import type { ProjectsDeps } from '../projects/service.ts'
import { viewerOf } from '../projects/viewer.ts'
import { type FoundRepository, searchRepositories } from './store.ts'

export interface SearchDeps {
  projects: ProjectsDeps
  /** How many artifacts each repository shows; repositories without any may be left out. From `artifacts`. */
  countArtifacts(db: Database, repositoryIds: number[]): Promise<Map<number, number>>
}

export interface Found {
  projects: DetailedProject[]
  repositories: (FoundRepository & { artifacts: number })[]
}

/** Most that are answered, of each. */
const MOST = 100

/** Projects and repositories whose names contain the word, of those that the caller may see. */
export async function search(deps: SearchDeps, principal: Principal, word: string): Promise<Found> {
  const [projects, repositories] = await Promise.all([
    searchProjects(deps, principal, word),
    searchRepositories(deps.projects.db, viewerOf(principal), word, MOST),
  ])
  const counts = await deps.countArtifacts(
    deps.projects.db,
    repositories.map(({ id }) => id),
  )

  return {
    projects,
    repositories: repositories.map((found) => ({ ...found, artifacts: counts.get(found.id) ?? 0 })),
  }
}

/** Project names are in lower case and, as with Harbor, compared as the word was written. */
async function searchProjects(
  deps: SearchDeps,
  principal: Principal,
  word: string,
): Promise<DetailedProject[]> {
  if (word !== word.toLowerCase()) return []
  const { projects } = await listProjects(deps.projects, principal, {
    filters: [{ field: 'name', op: 'fuzzy', value: word }],
    orders: [{ field: 'name', descending: false }],
    page: { offset: 0, limit: MOST },
  })

  return projects
}
