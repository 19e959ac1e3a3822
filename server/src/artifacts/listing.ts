import type { Database } from '../platform/db/database.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import { findChildrenOf, findTagsOf } from './detail-store.ts'
import {
  type ArtifactField,
  type ArtifactSelection,
  countSelected,
  findArtifacts,
  isWhole,
  selectArtifactIds,
  type TagFilter,
} from './list-store.ts'
import { countArtifacts } from './listed-store.ts'
import type { ListedArtifact, ListedChild, ListedTag } from './model.ts'

/** What is to be told beside the artifact itself. */
export interface Wanted {
  tags: boolean
}

/** An artifact with everything that its readers asked for. */
export interface DetailedArtifact extends ListedArtifact {
  tags: ListedTag[]
  children: ListedChild[]
}

export interface ArtifactListRequest {
  repositoryIds: readonly number[]
  filters: readonly Filter<ArtifactField>[]
  tags: readonly TagFilter[]
  /** Ids of labels, every one of which an artifact must have. */
  labels: readonly number[]
  children: boolean
  orders: readonly Order<ArtifactField>[]
  page: Page
}

/** One page of artifacts, newest first unless told otherwise, and how many there are in all. A fixed number of statements. */
export async function listArtifacts(
  deps: { db: Database },
  { page, orders, labels, ...selection }: ArtifactListRequest,
  wanted: Wanted,
): Promise<{ artifacts: DetailedArtifact[]; total: number }> {
  // Nothing can have a label yet.
  if (selection.repositoryIds.length === 0 || labels.length > 0) return { artifacts: [], total: 0 }
  const total = await countList(deps.db, selection)
  const sorted: readonly Order<ArtifactField>[] =
    orders.length > 0 ? orders : [{ field: 'push_time', descending: true }]
  const ids = await selectArtifactIds(deps.db, selection, sorted, nearestWindow(page, total))
  return { artifacts: await describeArtifacts(deps, await findArtifacts(deps.db, ids), wanted), total }
}

/** The artifacts with what was asked for beside them. */
export async function describeArtifacts(
  deps: { db: Database },
  artifacts: readonly ListedArtifact[],
  wanted: Wanted,
): Promise<DetailedArtifact[]> {
  const ids = artifacts.map((artifact) => artifact.id)
  const [tags, children] = await Promise.all([
    wanted.tags ? findTagsOf(deps.db, ids) : new Map<number, ListedTag[]>(),
    findChildrenOf(deps.db, ids),
  ])
  return artifacts.map((artifact) => ({
    ...artifact,
    tags: tags.get(artifact.id) ?? [],
    children: children.get(artifact.id) ?? [],
  }))
}

async function countList(db: Database, selection: ArtifactSelection): Promise<number> {
  if (!isWhole(selection)) return await countSelected(db, selection)
  const counts = await countArtifacts(db, selection.repositoryIds)
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
