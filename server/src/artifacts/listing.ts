import { selectLabelsOf } from '../labels/artifact-store.ts'
import type { Label } from '../labels/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { nearestWindow } from '../platform/db/window.ts'
import { findAccessoriesOf, findInheritedAccessories } from './accessories/list-store.ts'
import { findChildrenOf, findTagsOf } from './detail-store.ts'
import {
  type ArtifactField,
  type ArtifactSelection,
  countSelected,
  findArtifacts,
  isWhole,
  selectArtifactIds,
} from './list-store.ts'
import { countArtifacts } from './listed-store.ts'
import type { ListedAccessory, ListedArtifact, ListedChild, ListedTag } from './model.ts'

/** What is to be told beside the artifact itself. */
export interface Wanted {
  tags: boolean
  labels: boolean
  accessories: boolean
  inheritedAccessories: boolean
}

/** An artifact with everything that its readers asked for. */
export interface DetailedArtifact extends ListedArtifact {
  tags: ListedTag[]
  children: ListedChild[]
  labels: Label[]
  accessories: ListedAccessory[]
  /** Signatures of the indexes that list it, where it has none of its own. */
  inheritedAccessories: ListedAccessory[]
}

export interface ArtifactListRequest extends ArtifactSelection {
  orders: readonly Order<ArtifactField>[]
  page: Page
}

/** One page of artifacts, newest first unless told otherwise, and how many there are in all. A fixed number of statements. */
export async function listArtifacts(
  deps: { db: Database },
  { page, orders, ...selection }: ArtifactListRequest,
  wanted: Wanted,
): Promise<{ artifacts: DetailedArtifact[]; total: number }> {
  if (selection.repositoryIds.length === 0) return { artifacts: [], total: 0 }
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
  const [tags, children, labels, accessories, inherited] = await Promise.all([
    wanted.tags ? findTagsOf(deps.db, ids) : undefined,
    findChildrenOf(deps.db, ids),
    wanted.labels ? selectLabelsOf(deps.db, ids) : undefined,
    wanted.accessories ? findAccessoriesOf(deps.db, ids) : undefined,
    wanted.inheritedAccessories ? findInheritedAccessories(deps.db, ids) : undefined,
  ])
  return artifacts.map((artifact) => ({
    ...artifact,
    tags: tags?.get(artifact.id) ?? [],
    children: children.get(artifact.id) ?? [],
    labels: labels?.get(artifact.id) ?? [],
    accessories: accessories?.get(artifact.id) ?? [],
    inheritedAccessories: inherited?.get(artifact.id) ?? [],
  }))
}

async function countList(db: Database, selection: ArtifactSelection): Promise<number> {
  if (!isWhole(selection)) return await countSelected(db, selection)
  const counts = await countArtifacts(db, selection.repositoryIds)
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}
