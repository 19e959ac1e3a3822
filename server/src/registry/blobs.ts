import type { StoredBlob } from '../blobs/model.ts'
import { findBlob, removeBlob } from '../blobs/service.ts'
import { OciError } from '../oci/errors.ts'
import { type Exchange, filled, placeOf } from './exchange.ts'
import { followAlias } from './follow-alias.ts'
import { matchesEntityTag, readRange } from './range.ts'
import { sendObject } from './send-object.ts'

/** Headers of every answer with a blob. */
export const OF_EVERY_BLOB = {
  'accept-ranges': 'bytes',
  'cache-control': 'private, max-age=31536000, immutable',
} as const

/** GET and HEAD /v2/<name>/blobs/<digest> ("Pulling blobs"), with ranges and conditions of RFC 9110. */
export async function getBlob(exchange: Exchange): Promise<unknown> {
  const { request, reply, reference: digest } = exchange
  const find = () => findBlob(exchange.deps.uploads, { ...placeOf(exchange), digest })
  const blob = (await find()) ?? ((await followAlias(exchange)) ? await find() : undefined)
  if (!blob) throw new OciError('BLOB_UNKNOWN', { detail: digest })

  const tag = `"${digest}"`
  reply.headers({
    ...OF_EVERY_BLOB,
    'docker-content-digest': digest,
    etag: tag,
  })
  if (matchesEntityTag(request.headers['if-none-match'], tag)) return reply.code(304).send()

  const url = await findUrl(exchange, blob)
  // Its answer is kept as long as the bytes are; the way there is not.
  if (url !== undefined) return reply.header('cache-control', 'no-store').redirect(url, 307)

  reply.type('application/octet-stream')
  if (request.method === 'HEAD') return reply.header('content-length', blob.size).send()
  return sendBlob(exchange, blob, tag)
}

/** Where the store gives the blob to this client itself. It answers ranges as we do, but nothing has no range. */
async function findUrl({ deps, request }: Exchange, blob: StoredBlob): Promise<string | undefined> {
  const { storage } = deps.uploads
  if (!storage.urlOf || blob.size === 0 || !deps.mayRedirect(request.ip)) return undefined

  return storage.urlOf(blob.key, request.method === 'HEAD' ? 'HEAD' : 'GET')
}

async function sendBlob(exchange: Exchange, blob: StoredBlob, tag: string): Promise<unknown> {
  const { request, reply } = exchange
  const condition = request.headers['if-range']
  const applies = condition === undefined || condition === tag
  const answer = readRange(applies ? request.headers.range : undefined, blob.size)

  if (answer.kind === 'unsatisfiable') {
    throw new OciError('SIZE_INVALID', {
      status: 416,
      message: 'range not satisfiable',
      headers: { 'content-range': `bytes */${blob.size}` },
    })
  }
  if (answer.kind === 'part') {
    const { start, end } = answer.range
    reply
      .code(206)
      .headers({ 'content-range': `bytes ${start}-${end}/${blob.size}`, 'content-length': end - start + 1 })
    return sendObject(exchange.deps.uploads, reply, blob, answer.range)
  }
  reply.header('content-length', blob.size)
  return sendObject(exchange.deps.uploads, reply, blob, { start: 0, end: blob.size - 1 })
}

/** DELETE /v2/<name>/blobs/<digest> ("Deleting Blobs"). */
export async function deleteBlob(exchange: Exchange): Promise<unknown> {
  const { reply, reference: digest } = exchange
  if (!(await removeBlob(exchange.deps.uploads, filled(exchange, 'repository'), digest))) {
    throw new OciError('BLOB_UNKNOWN', { detail: digest })
  }

  return reply.code(202).send()
}
