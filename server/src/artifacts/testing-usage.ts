import { sql } from 'kysely'
import { blobDeps, body, seedRepository, sha256 } from '../blobs/testing.ts'
import { type UploadsDeps, uploadWhole } from '../blobs/uploads.ts'
import { createLru } from '../lib/lru.ts'
import { parseManifest } from '../oci/manifest.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import type { Repository } from '../repositories/model.ts'
import { deleteArtifact } from './deletion.ts'
import { createReferenceLookup } from './lookup.ts'
import { pushManifest } from './push.ts'
import { findReferenced } from './reference-store.ts'
import type { ArtifactsDeps } from './service.ts'

/** Repositories with everything that changes what their projects use, and the truth beside it; for tests. */
export interface UsageWorld {
  deps: ArtifactsDeps & UploadsDeps
  upload(repository: Repository, text: string): Promise<void>
  /** Pushes an image of these texts as layers, which are offered already; answers its digest. */
  push(repository: Repository, texts: readonly string[]): Promise<string>
  remove(repository: Repository, digest: string): Promise<boolean>
  usage(projectId: number): Promise<number>
}

export async function usageWorld(db: Database, enforced = true): Promise<UsageWorld> {
  const deps = {
    ...(await blobDeps(db)),
    findReference: createReferenceLookup(db),
    manifestCache: createLru(1000, () => 1),
    trashDays: 0,
    findImmutable: async () => undefined,
    sparseIndex: false,
    sparseImages: false,
    quotas: { enforced: () => enforced },
    findReferenced: (tx, projectId, blobIds) => findReferenced(tx, projectId, blobIds),
  } satisfies ArtifactsDeps & UploadsDeps

  return {
    deps,
    upload: (repository, text) => uploadWhole(deps, repository, body([text]), sha256(text)),
    async push(repository, texts) {
      const bytes = imageOf(texts)
      const digest = sha256(bytes)
      const manifest = parseManifest(bytes, undefined)
      await pushManifest(deps, {
        repository,
        projectName: 'p',
        digest,
        body: bytes,
        manifest,
        tags: ['latest'],
        actor: undefined,
      })
      return digest
    },
    remove: (repository, digest) => deleteArtifact(deps, { repository, projectName: 'p' }, digest, undefined),
    async usage(projectId) {
      const result = await sql<{ used: number }>`
        SELECT coalesce(sum(bytes), 0)::bigint AS used FROM quota_usage WHERE project_id = ${projectId}`.execute(
        db,
      )
      return result.rows[0]?.used ?? 0
    },
  }
}

/** The manifest of an image whose layers are these texts. */
export function imageOf(texts: readonly string[]): Buffer {
  const [config, ...layers] = texts.map((text) => ({
    mediaType: 'application/vnd.example.part',
    digest: sha256(text),
    size: text.length,
  }))

  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE, config, layers }))
}

/** Repositories of one new project. */
export async function seedRepositories(db: Database, count: number): Promise<Repository[]> {
  const first = await seedRepository(db)
  const { projectId } = first
  const repositories = [first]
  for (let at = 1; at < count; at += 1) {
    const { id } = await db
      .insertInto('repositories')
      .values({ project_id: projectId, name: `app${at}` })
      .returning('id')
      .executeTakeFirstOrThrow()
    repositories.push({ id, projectId, name: `app${at}`, published: false })
  }

  return repositories
}
