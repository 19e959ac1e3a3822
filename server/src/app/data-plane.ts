import { createReferenceLookup } from '../artifacts/lookup.ts'
import { createPullRecorder, type PullRecorder, type PullRecorderDeps } from '../artifacts/pulls/recorder.ts'
import { findReferenced } from '../artifacts/reference-store.ts'
import type { ArtifactsDeps } from '../artifacts/service.ts'
import { createArriving } from '../blobs/arriving.ts'
import { createBlobLookup } from '../blobs/lookup.ts'
import { createUploadHashes } from '../blobs/upload-hashes.ts'
import type { UploadsDeps } from '../blobs/uploads.ts'
import { createFindImmutable } from '../immutability/find-immutable.ts'
import { durationSeconds } from '../lib/duration.ts'
import { createLru } from '../lib/lru.ts'
import { createQueues } from '../lib/queues.ts'
import type { QuotaPolicy } from '../quotas/count.ts'
import type { Settings } from '../settings/settings.ts'
import type { ServerParts } from './server-parts.ts'

/** Manifest bodies kept in memory, in bytes. */
const MANIFEST_CACHE_BYTES = 16 * 1024 * 1024

/** What the slices of the data plane work with: blobs, uploads and artifacts over one store. */
export interface DataPlane {
  pulls: PullRecorder
  uploads: UploadsDeps
  artifacts: ArtifactsDeps
}

export function createDataPlane(
  { config, log, db, prepared, storage }: ServerParts,
  settings: Settings,
  onPulled: PullRecorderDeps['onPulled'],
): DataPlane {
  const store = config.storage.driver
  const uploads = {
    db,
    storage,
    store,
    graceSeconds: durationSeconds(config.gc.grace) ?? 0,
    findByName: createBlobLookup(prepared, store),
    hashes: createUploadHashes(storage),
    arriving: createArriving(),
    perDigest: createQueues(),
    quotas: createQuotaPolicy(log, () => settings.get('quota_per_project_enable')),
    findReferenced: (tx, projectId, blobIds) => findReferenced(tx, projectId, blobIds),
  } satisfies UploadsDeps
  const artifacts = {
    ...uploads,
    findReference: createReferenceLookup(prepared),
    findImmutable: createFindImmutable(),
    manifestCache: createLru<string, Buffer>(MANIFEST_CACHE_BYTES, (body) => body.length),
    trashDays: config.trash.days,
    sparseIndex: config.registry.sparseIndex,
    sparseImages: config.registry.sparseImages,
  }

  const pulls = createPullRecorder({
    db: prepared,
    log,
    settings: () => ({
      times: !settings.get('pull_time_update_disable'),
      counts: !settings.get('pull_count_update_disable'),
    }),
    onPulled,
    seconds: config.registry.pullFlushSeconds,
  })

  return { uploads, artifacts, pulls }
}

function createQuotaPolicy(log: ServerParts['log'], enforced: () => boolean): QuotaPolicy {
  return {
    enforced,
    ...(log.isLevelEnabled('debug') && {
      observe: (milliseconds, contended) => log.debug({ milliseconds, contended }, 'quota counted'),
    }),
  }
}
