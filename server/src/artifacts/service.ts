import type { Actor } from '../access/model.ts'
import type { BlobsDeps } from '../blobs/service.ts'
import type { Lru } from '../lib/lru.ts'
import { emit } from '../platform/events/outbox.ts'
import type { Repository } from '../repositories/model.ts'
import { ArtifactReferencedError } from './errors.ts'
import type { FindReference } from './lookup.ts'
import type { Artifact } from './model.ts'
import { deleteArtifactRow, findManifestBody, isListedByIndex, lockArtifact } from './store.ts'
import { deleteTagRow, lockTagsOfArtifact } from './tag-store.ts'

export interface ArtifactsDeps extends BlobsDeps {
  findReference: FindReference
  /** Bodies by digest: content never changes, so it is never stale. */
  manifestCache: Lru<string, Buffer>
  /** Whether an index may list manifests that are not there. */
  sparseIndex: boolean
  /** Whether an image may name blobs that are not there. */
  sparseImages: boolean
}

/** Where an artifact is, by ids and by the names of this moment. */
export interface ArtifactPlace {
  repository: Repository
  projectName: string
}

/** The bytes of an artifact's manifest, exactly as pushed. */
export async function readManifest(
  deps: Pick<ArtifactsDeps, 'db' | 'manifestCache'>,
  artifact: Artifact,
): Promise<Buffer> {
  const cached = deps.manifestCache.get(artifact.digest)
  if (cached) return cached

  const body = await findManifestBody(deps.db, artifact.digest)
  if (!body) throw new Error(`the manifest of artifact ${artifact.id} is gone`)
  deps.manifestCache.set(artifact.digest, body)
  return body
}

/**
 * Deletes an artifact and all its tags at once; answers whether it was there.
 *
 * @throws {ArtifactReferencedError} an index lists it.
 */
export async function deleteArtifact(
  deps: ArtifactsDeps,
  place: ArtifactPlace,
  digest: string,
  actor: Actor | undefined,
): Promise<boolean> {
  const repositoryId = place.repository.id
  return deps.db.transaction().execute(async (tx) => {
    const artifact = await lockArtifact(tx, repositoryId, digest)
    if (!artifact) return false
    if (await isListedByIndex(tx, repositoryId, digest)) throw new ArtifactReferencedError(digest)

    const tags = await lockTagsOfArtifact(tx, artifact.id)
    await deleteArtifactRow(tx, artifact.id)
    await emit(tx, {
      type: 'artifact.deleted',
      payload: { ...namesOf(place), artifactId: artifact.id, digest, tags, actor },
    })
    return true
  })
}

/** Removes a tag and leaves its artifact; answers whether it was there. */
export async function deleteTag(
  deps: ArtifactsDeps,
  place: ArtifactPlace,
  tag: string,
  actor: Actor | undefined,
): Promise<boolean> {
  return deps.db.transaction().execute(async (tx) => {
    const digest = await deleteTagRow(tx, place.repository.id, tag)
    if (digest === undefined) return false

    await emit(tx, { type: 'tag.deleted', payload: { ...namesOf(place), tag, digest, actor } })
    return true
  })
}

function namesOf({ repository, projectName }: ArtifactPlace) {
  const { id: repositoryId, projectId, name } = repository
  return { projectId, projectName, repositoryId, repository: name }
}
