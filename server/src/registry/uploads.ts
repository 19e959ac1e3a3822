import { UploadOffsetError, UploadUnknownError } from '../blobs/errors.ts'
import type { Upload } from '../blobs/model.ts'
import { findBlob } from '../blobs/service.ts'
import { finishSmall, isUntouched } from '../blobs/upload-small.ts'
import { findUploadByName } from '../blobs/upload-store.ts'
import {
  appendChunk,
  cancelUpload,
  finishUpload,
  finishWithChunk,
  type OwnUpload,
  openUpload,
  takeOver,
} from '../blobs/uploads.ts'
import { isDigest } from '../oci/digest.ts'
import { OciError } from '../oci/errors.ts'
import type { Repository } from '../repositories/model.ts'
import { ACTIONS } from './actions.ts'
import { type Exchange, filled, placeOf } from './exchange.ts'
import { mayAct } from './permit.ts'
import { findExistingRepository } from './steps/find-repository.ts'
import { createdBlob, describeUpload } from './upload-answers.ts'
import { bodyWithinQuota } from './within-quota.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** GET <blob-push-location>: how much has arrived. */
export async function getUploadStatus(exchange: Exchange): Promise<unknown> {
  return describeUpload(exchange, await findSession(exchange))
    .code(204)
    .send()
}

/** PATCH <blob-push-location>: a chunk, or a stream of unknown length ("Pushing a blob in chunks"). */
export async function patchUpload(exchange: Exchange): Promise<unknown> {
  const upload = await told(exchange, () => receiveChunk(exchange, readContentRange(exchange)))

  return describeUpload(exchange, upload).code(202).send()
}

/** PUT <blob-push-location>?digest=<digest>: the end, with the last chunk or the whole blob, or nothing. */
export async function finishUploadSession(exchange: Exchange): Promise<unknown> {
  const digest = exchange.query.get('digest')
  if (digest === null || !isDigest(digest)) {
    throw new OciError('DIGEST_INVALID', {
      message: 'a valid digest parameter is required',
      detail: digest ?? '',
    })
  }

  await told(exchange, async () => {
    try {
      await finish(exchange, digest)
    } catch (error) {
      if (!(await hasEnded(exchange, digest, error))) throw error
    }
  })
  return createdBlob(exchange, digest)
}

/**
 * Whether the upload is not there any more because an earlier request has ended it, before this one or beside it, whose answer
 * was lost: proxies and clients send a PUT again. The blob is in the repository then. Only who may pull it is told so.
 */
async function hasEnded(exchange: Exchange, digest: string, error: unknown): Promise<boolean> {
  const { reference, deps } = exchange
  const [caller, project, name] = [
    filled(exchange, 'caller'),
    filled(exchange, 'project'),
    filled(exchange, 'name'),
  ]
  if (!mayHaveEnded(error) || !mayAct(caller, ACTIONS['blob-get'], project, name)) return false
  const isThere =
    UUID.test(reference) && (await findUploadByName(deps.uploads.db, placeOf(exchange), reference))
  if (isThere) return false
  return (await findBlob(deps.uploads, { ...placeOf(exchange), digest })) !== undefined
}

/** Whether that may come of somebody else who has ended the upload, or was about to when this one looked. */
function mayHaveEnded(error: unknown): boolean {
  if (error instanceof OciError) return error.code === 'BLOB_UPLOAD_UNKNOWN'
  return error instanceof UploadUnknownError || error instanceof UploadOffsetError
}

async function finish(exchange: Exchange, digest: string): Promise<void> {
  const { uploads } = exchange.deps
  const { headers } = exchange.request
  const range = readContentRange(exchange)
  const empty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (!empty && range === undefined) return await finishWithBody(exchange, digest)

  const upload = empty ? await findSession(exchange) : await receiveChunk(exchange, range, digest)
  await finishUpload(uploads, filled(exchange, 'repository'), upload, digest)
}

/** A PUT with the rest of the blob, which is all of it more often than not. */
async function finishWithBody(exchange: Exchange, digest: string): Promise<void> {
  const { uploads } = exchange.deps
  const length = Number(exchange.request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (length <= (uploads.storage.putsUpTo ?? 0)) {
    const untouched = await findSession(exchange)
    if (isUntouched(untouched)) {
      const whole = await bodyWithinQuota(exchange, 0, digest)
      const rest = await finishSmall(uploads, filled(exchange, 'repository'), untouched, whole, digest)
      if (rest === undefined) return
      // As it was read, or not at all: whoever has written to it meanwhile is further.
      const upload = await takeOver(uploads, untouched)
      return await finishWithChunk(uploads, filled(exchange, 'repository'), upload, rest, digest)
    }
  }
  const upload = await openSession(exchange)
  const body = await bodyWithinQuota(exchange, upload.offset, digest)
  await finishWithChunk(uploads, filled(exchange, 'repository'), upload, body, digest)
}

/** DELETE <blob-push-location> ("Cancel a blob upload"). */
export async function cancelUploadSession(exchange: Exchange): Promise<unknown> {
  await cancelUpload(exchange.deps.uploads, await findSession(exchange))

  return exchange.reply.code(204).send()
}

/** The upload and its repository are one question; what is missing is found out only where something is. */
async function findSession(exchange: Exchange): Promise<Upload> {
  const { reference, deps } = exchange
  return await sessionOf(exchange, () => findUploadByName(deps.uploads.db, placeOf(exchange), reference))
}

/** The same for whoever is about to write to it. */
async function openSession(exchange: Exchange, start?: number): Promise<OwnUpload> {
  const { reference, deps } = exchange
  return await sessionOf(exchange, () => openUpload(deps.uploads, placeOf(exchange), reference, start))
}

async function sessionOf<T extends Upload>(
  exchange: Exchange,
  find: () => Promise<{ upload: T; repository: Repository } | undefined>,
): Promise<T> {
  const { reference } = exchange
  const found = UUID.test(reference) ? await find() : undefined
  if (!found) {
    await findExistingRepository(exchange)
    throw new OciError('BLOB_UPLOAD_UNKNOWN', { detail: reference })
  }

  exchange.repository = found.repository
  return found.upload
}

async function receiveChunk(
  exchange: Exchange,
  range: ContentRange | undefined,
  digest?: string,
): Promise<Upload> {
  const upload = await openSession(exchange, range?.start)
  const body = await bodyWithinQuota(exchange, upload.offset, digest)
  const appended = await appendChunk(exchange.deps.uploads, upload, body)
  if (range && appended.offset !== range.end + 1) {
    throw new OciError('SIZE_INVALID', { message: 'the chunk has another length than its Content-Range' })
  }
  return appended
}

/** Whoever is not where the upload stands is told where that is. */
async function told<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof UploadOffsetError)) throw error
    describeUpload(exchange, { id: exchange.reference, offset: error.offset })
    throw new OciError('BLOB_UPLOAD_INVALID', { status: 416, message: error.message, cause: error })
  }
}

interface ContentRange {
  start: number
  end: number
}

/** Content-Range of a chunk: `<first>-<last>`, both included; not the form of RFC 9110. */
function readContentRange(exchange: Exchange): ContentRange | undefined {
  const header = exchange.request.headers['content-range']
  if (header === undefined) return undefined

  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header)
  if (!match) throw new OciError('BLOB_UPLOAD_INVALID', { message: 'invalid Content-Range', detail: header })
  const [start, end] = [Number(match[1]), Number(match[2])]
  const length = exchange.request.headers['content-length']
  if (end < start || (length !== undefined && Number(length) !== end - start + 1)) {
    throw new OciError('SIZE_INVALID', {
      message: 'Content-Range and Content-Length disagree',
      detail: header,
    })
  }
  return { start, end }
}
