import type { ArtifactListQuery } from '@portolan/api/artifacts'
import type { Filter } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { toPage } from '../platform/http/paging.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import type { ArtifactField, TagFilter } from './list-store.ts'
import type { ArtifactListRequest } from './listing.ts'

const COLUMNS: Fields<ArtifactField> = {
  id: 'integer',
  type: 'string',
  media_type: 'string',
  digest: 'string',
  manifest_media_type: 'string',
  artifact_type: 'string',
  size: 'integer',
  push_time: 'time',
  pull_time: 'time',
  repository_id: 'integer',
}

const SORTABLE = Object.keys(COLUMNS) as ArtifactField[]

/** Keys that are no columns: tags, labels and, with `base=*`, the children of indexes too. */
const FIELDS = { ...COLUMNS, tags: 'string', labels: 'string', base: 'string' } as const

/** Reads what a list of artifacts is asked for. Throws bad-request. */
export function readArtifactList(
  query: Pick<ArtifactListQuery, 'q' | 'sort' | 'page' | 'page_size'> & { latest_in_repository?: boolean },
): Omit<ArtifactListRequest, 'repositoryIds'> {
  const filters = parseFilters(query.q, FIELDS)
  const latest = query.latest_in_repository === true
  if (latest) checkLatest(filters)
  const ofField = (field: string) => filters.filter((filter) => filter.field === field)
  return {
    filters: filters.filter((filter): filter is Filter<ArtifactField> => filter.field in COLUMNS),
    tags: (ofField('tags') as Filter<'tags'>[]).map(readTags),
    labels: readLabels(filters),
    latest,
    children: ofField('base').some((filter) => filter.op === 'exact' && filter.value === '*'),
    orders: parseSort(query.sort, SORTABLE),
    page: toPage(query),
  }
}

/** "The newest of each repository" is asked of one kind of artifacts. */
function checkLatest(filters: readonly Filter[]): void {
  const kinds = filters.filter(({ field }) => field === 'media_type' || field === 'artifact_type')
  if (new Set(kinds.map(({ field }) => field)).size === 1) return
  throw new DomainError(
    'bad-request',
    'latest_in_repository needs either a media_type or an artifact_type in q, and not both',
  )
}

function readTags(filter: Filter<'tags'>): TagFilter {
  if (filter.op !== 'exact') return filter
  if (filter.value === '*') return { op: 'some' }
  return filter.value === 'nil' ? { op: 'none' } : filter
}

/** Ids of the labels that artifacts must have, every one. */
function readLabels(filters: readonly Filter[]): number[] {
  return filters
    .filter((filter) => filter.field === 'labels')
    .flatMap((filter) => {
      const values = filter.op === 'all' ? filter.values.map(String) : ['']
      if (values.every((value) => /^\d{1,15}$/.test(value))) return values.map(Number)
      throw new DomainError('bad-request', 'the value of "labels" must be a list of ids: labels=(1 2)')
    })
}
