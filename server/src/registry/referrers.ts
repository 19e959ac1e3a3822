import type { Referrer } from '../artifacts/model.ts'
import { countReferrers, findReferrers, listReferrerSizes } from '../artifacts/referrer-store.ts'
import { OCI_INDEX } from '../oci/media-types.ts'
import type { Repository } from '../repositories/model.ts'
import { findRepository } from '../repositories/store.ts'
import { type Exchange, filled, placeOf } from './exchange.ts'
import { followAlias } from './follow-alias.ts'
import { nextLink } from './paging.ts'

const PAGE = 1000
// A client must be able to read the answer as a manifest: 4 MiB.
const MAX_BYTES = 4 * 1024 * 1024 - 1024
// Of a descriptor, beside what it repeats of the manifest (annotations and artifact type).
const DESCRIPTOR_BYTES = 400

/**
 * GET /v2/<name>/referrers/<digest> ("Listing Referrers"). Never 404: a client would take that for a
 * registry without the API and fall back to tags.
 */
export async function getReferrers(exchange: Exchange): Promise<unknown> {
  const { query, reply, reference: subject } = exchange
  const { db } = exchange.deps.artifacts
  const name = filled(exchange, 'name')
  const artifactType = query.get('artifactType')
  const repository = await findReadableRepository(exchange)
  const filter = { ...(artifactType ? { artifactType } : {}), after: readAfter(query), limit: PAGE + 1 }
  const found = repository ? await listReferrerSizes(db, repository.id, subject, filter) : []
  const page = takePage(found)
  const referrers = await findReferrers(db, page)

  if (artifactType) reply.header('oci-filters-applied', 'artifactType')
  if (page.length < found.length) {
    const last = String(page.at(-1) ?? '')
    const parameters = { ...(artifactType ? { artifactType } : {}), last }
    reply.header('link', nextLink(`/v2/${name.full}/referrers/${subject}`, parameters))
  }
  reply.header('x-total-count', repository ? await countReferrers(db, repository.id, subject) : 0)
  return reply
    .type(OCI_INDEX)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers.map(toDescriptor) })
}

async function findReadableRepository(exchange: Exchange): Promise<Repository | undefined> {
  const { projectId, repository } = placeOf(exchange)
  const found = await findRepository(exchange.deps.artifacts.db, projectId, repository)
  if (found) return found

  return (await followAlias(exchange)) ? exchange.repository : undefined
}

/**
 * Ids of as many as surely fit into one answer, at least one. Told by the sizes of the manifests, before
 * annotations are read: a thousand referrers may have gigabytes of them.
 */
export function takePage(found: { id: number; manifestSize: number }[]): number[] {
  let bytes = 0
  const end = found.slice(0, PAGE).findIndex(({ manifestSize }, index) => {
    bytes += manifestSize + DESCRIPTOR_BYTES
    return index > 0 && bytes > MAX_BYTES
  })

  return found.slice(0, end < 0 ? PAGE : end).map((referrer) => referrer.id)
}

function toDescriptor(referrer: Referrer): Record<string, unknown> {
  return {
    mediaType: referrer.mediaType,
    digest: referrer.digest,
    size: referrer.manifestSize,
    ...(Object.keys(referrer.annotations).length > 0 ? { annotations: referrer.annotations } : {}),
    ...(referrer.artifactType === undefined ? {} : { artifactType: referrer.artifactType }),
  }
}

function readAfter(query: URLSearchParams): number {
  const last = query.get('last') ?? ''

  return /^\d{1,15}$/.test(last) ? Number(last) : 0
}
