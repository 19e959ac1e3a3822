import Fastify, { type FastifyInstance } from 'fastify'
import { createReferenceLookup } from '../../artifacts/lookup.ts'
import { findReferenced } from '../../artifacts/reference-store.ts'
import type { ArtifactsDeps } from '../../artifacts/service.ts'
import { createArriving } from '../../blobs/arriving.ts'
import { createBlobLookup } from '../../blobs/lookup.ts'
import { createUploadHashes } from '../../blobs/upload-hashes.ts'
import type { UploadsDeps } from '../../blobs/uploads.ts'
import { createFindImmutable } from '../../immutability/find-immutable.ts'
import { createLru } from '../../lib/lru.ts'
import { createQueues } from '../../lib/queues.ts'
import { createContextLookup } from '../../members/context-lookup.ts'
import type { Database } from '../../platform/db/database.ts'
import { registryRoutes } from '../../registry/routes.ts'
import { createRepositoryLookup } from '../../repositories/lookup.ts'
import { createPace } from '../../scrub/pace.ts'
import type { Report } from '../../scrub/report/model.ts'
import { makeReport } from '../../scrub/report/report.ts'
import type { StorageDriver } from '../../storage/driver.ts'

const STORE = 'filesystem'

/** One process of the data plane, over a database and a store that may fail under it. */
export interface Program {
  http: FastifyInstance
  uploads: UploadsDeps
  artifacts: ArtifactsDeps
  /** What the checker says, every object read. */
  report(): Promise<Report>
}

/** Opens one. Whoever calls is an administrator. */
export async function openProgram(db: Database, storage: StorageDriver): Promise<Program> {
  const uploads: UploadsDeps = {
    db,
    storage,
    store: STORE,
    graceSeconds: 0,
    findByName: createBlobLookup(db, STORE),
    hashes: createUploadHashes(storage),
    arriving: createArriving(),
    perDigest: createQueues(),
    quotas: { enforced: () => true },
    findReferenced: (tx, projectId, blobIds) => findReferenced(tx, projectId, blobIds),
  }
  const artifacts: ArtifactsDeps = {
    ...uploads,
    findReference: createReferenceLookup(db),
    findImmutable: createFindImmutable(),
    manifestCache: createLru<string, Buffer>(1, () => 1),
    trashDays: 0,
    sparseIndex: false,
    sparseImages: false,
  }
  const http = Fastify()
  const principal = { kind: 'user' as const, id: 1, username: 'admin', sysadmin: true, generation: 1 }
  await http.register(
    registryRoutes({
      authenticate: async () => ({ principal, authenticated: true }),
      findProject: createContextLookup(db),
      repositories: { db },
      findRepository: createRepositoryLookup(db),
      uploads,
      artifacts,
      mayRedirect: () => false,
      recordPull: () => undefined,
      tellQuotaExceeded: async () => undefined,
      checkWritable: () => undefined,
      externalOrigin: () => 'http://registry.test',
      manifestMaxBytes: 4 * 1024 * 1024,
    }),
  )

  return {
    http,
    uploads,
    artifacts,
    report: () =>
      makeReport(
        { db, storage, store: STORE, rehash: createPace(undefined), patienceMilliseconds: 0 },
        { sparseImages: false, sparseIndex: false },
      ),
  }
}
