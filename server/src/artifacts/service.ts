import type { BlobsDeps } from '../blobs/service.ts'
import type { Lru } from '../lib/lru.ts'
import type { AdmittedRepository } from '../repositories/model.ts'
import type { FindImmutable } from './immutable.ts'
import type { FindReference } from './lookup.ts'
import type { Artifact } from './model.ts'
import { findManifestBody } from './store.ts'

export interface ArtifactsDeps extends BlobsDeps {
  findReference: FindReference
  findImmutable: FindImmutable
  /** Bodies by digest: content never changes, so it is never stale. */
  manifestCache: Lru<string, Buffer>
  /** How long deleted artifacts can be restored; 0: not at all. */
  trashDays: number
  /** Whether an index may list manifests that are not there. */
  sparseIndex: boolean
  /** Whether an image may name blobs that are not there. */
  sparseImages: boolean
}

/** Where an artifact is, by ids and by the names of this moment. */
export interface ArtifactPlace {
  repository: AdmittedRepository
  projectName: string
}

/** The bytes of an artifact's manifest, exactly as pushed. */
export async function readManifest(
  deps: Pick<ArtifactsDeps, 'db' | 'manifestCache'>,
  artifact: Pick<Artifact, 'id' | 'digest'>,
): Promise<Buffer> {
  const cached = deps.manifestCache.get(artifact.digest)
  if (cached) return cached

  const body = await findManifestBody(deps.db, artifact.digest)
  if (!body) throw new Error(`the manifest of artifact ${artifact.id} is gone`)
  deps.manifestCache.set(artifact.digest, body)
  return body
}
