import { getBase } from './base.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import { getCatalog } from './catalog.ts'
import type { Endpoint } from './endpoints.ts'
import type { Exchange, Step } from './exchange.ts'
import { deleteManifest, getManifest, putManifest } from './manifests.ts'
import { getReferrers } from './referrers.ts'
import { authenticate } from './steps/authenticate.ts'
import { authorize } from './steps/authorize.ts'
import { checkCurrentProject } from './steps/check-current-project.ts'
import { checkDigest } from './steps/check-digest.ts'
import { checkLength } from './steps/check-length.ts'
import { checkName } from './steps/check-name.ts'
import { checkReference } from './steps/check-reference.ts'
import { checkWritable } from './steps/check-writable.ts'
import { ensureTargetRepository } from './steps/ensure-repository.ts'
import { findExistingRepository } from './steps/find-repository.ts'
import { getTags } from './tags.ts'
import { startUploadSession } from './upload-start.ts'
import { cancelUploadSession, finishUploadSession, getUploadStatus, patchUpload } from './uploads.ts'

type Handler = (exchange: Exchange) => Promise<unknown>

const C: Endpoint[] = ['catalog']
const T: Endpoint[] = ['tags']
const R: Endpoint[] = ['referrers']
const MG: Endpoint[] = ['manifest-get']
const MP: Endpoint[] = ['manifest-put']
const MD: Endpoint[] = ['manifest-delete']
const BG: Endpoint[] = ['blob-get']
const BD: Endpoint[] = ['blob-delete']
const US: Endpoint[] = ['upload-start']
const UX: Endpoint[] = ['upload-status', 'upload-chunk', 'upload-finish', 'upload-cancel']
const NAMED: Endpoint[] = [T, R, MG, MP, MD, BG, BD, US, UX].flat()
const WRITES: Endpoint[] = [MP, MD, BD, US].flat().concat('upload-chunk', 'upload-finish', 'upload-cancel')
const ALL: Endpoint[] = ['base', ...C, ...NAMED]

/**
 * THE TABLE. Rows are checks, run from top to bottom; a row names the endpoints that it guards. A new
 * check (quota, immutability, signatures, scans) is one row here and one file in `steps/`.
 */
const STEPS: readonly (readonly [step: Step, endpoints: readonly Endpoint[]])[] = [
  [checkWritable, WRITES],
  [authenticate, ALL],
  [checkName, NAMED],
  [authorize, NAMED],
  [checkReference, [MG, MP, MD].flat()],
  [checkDigest, [BG, BD, R].flat()],
  [checkLength, MP],
  [checkCurrentProject, [MP, MD, BD, US].flat()],
  [findExistingRepository, [T, MD, BD].flat()],
  [ensureTargetRepository, [MP, US].flat()],
]

const HANDLERS: Readonly<Record<Endpoint, Handler>> = {
  base: getBase,
  catalog: getCatalog,
  tags: getTags,
  referrers: getReferrers,
  'manifest-get': getManifest,
  'manifest-put': putManifest,
  'manifest-delete': deleteManifest,
  'blob-get': getBlob,
  'blob-delete': deleteBlob,
  'upload-start': startUploadSession,
  'upload-status': getUploadStatus,
  'upload-chunk': patchUpload,
  'upload-finish': finishUploadSession,
  'upload-cancel': cancelUploadSession,
}

const COLUMNS = new Map<Endpoint, readonly Step[]>(
  ALL.map((endpoint) => [
    endpoint,
    STEPS.filter(([, endpoints]) => endpoints.includes(endpoint)).map(([step]) => step),
  ]),
)

/** The checks of an endpoint, in their order. */
export function stepsOf(endpoint: Endpoint): readonly Step[] {
  return COLUMNS.get(endpoint) ?? []
}

/** Runs a request through its column of the table and then through its handler. */
export async function runPipeline(exchange: Exchange): Promise<unknown> {
  for (const step of stepsOf(exchange.endpoint)) await step(exchange)

  return HANDLERS[exchange.endpoint](exchange)
}
