import { blobDeps, body, seedRepository, sha256 } from '../blobs/testing.ts'
import { type UploadsDeps, uploadWhole } from '../blobs/uploads.ts'
import { createLru } from '../lib/lru.ts'
import { type Descriptor, parseManifest } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_IMAGE_CONFIG } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import type { Repository } from '../repositories/model.ts'
import { createReferenceLookup } from './lookup.ts'
import { pushManifest } from './push.ts'
import type { ArtifactsDeps } from './service.ts'

/** A repository to push to as a client would, with what the slice works with behind it. */
export interface Bench {
  deps: ArtifactsDeps
  uploads: UploadsDeps
  repository: Repository
  projectName: string
  /** Another repository, in a project of its own, over the same store. */
  elsewhere(): Promise<Bench>
  blob(mediaType: string, text: string, annotations?: Record<string, string>): Promise<Descriptor>
  push(document: object, ...tags: string[]): Promise<Descriptor>
  /** An image of one layer. */
  image(text: string, extra?: object, ...tags: string[]): Promise<Descriptor>
}

export async function openBench(db: Database, from?: Bench): Promise<Bench> {
  const uploads = from?.uploads ?? (await blobDeps(db))
  const deps: ArtifactsDeps = {
    ...uploads,
    findReference: createReferenceLookup(db),
    manifestCache: createLru(1000, () => 1),
    trashDays: 0,
    findImmutable: async () => undefined,
    sparseIndex: false,
    sparseImages: true,
  }
  const repository = await seedRepository(db)
  const { name: projectName } = await db
    .selectFrom('projects')
    .select('name')
    .where('id', '=', repository.projectId)
    .executeTakeFirstOrThrow()

  const blob: Bench['blob'] = async (mediaType, text, annotations) => {
    await uploadWhole(uploads, repository, body([text]), sha256(text))
    const size = Buffer.byteLength(text)
    return { mediaType, digest: sha256(text), size, ...(annotations && { annotations }) }
  }
  const push: Bench['push'] = async (document, ...tags) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...document }))
    const manifest = parseManifest(bytes, undefined)
    const digest = sha256(bytes)
    const actor = { id: 7, username: 'dev', address: '192.0.2.1' }
    await pushManifest(deps, { repository, digest, body: bytes, manifest, tags, projectName, actor })
    return { mediaType: manifest.mediaType, digest, size: bytes.length }
  }
  const bench: Bench = {
    deps,
    uploads,
    repository,
    projectName,
    elsewhere: () => openBench(db, bench),
    blob,
    push,
    async image(text, extra = {}, ...tags) {
      const config = await blob(OCI_IMAGE_CONFIG, JSON.stringify({ os: text }))
      const layers = [await blob('application/vnd.oci.image.layer.v1.tar', text)]
      return push({ mediaType: OCI_IMAGE, config, layers, ...extra }, ...tags)
    },
  }
  return bench
}
