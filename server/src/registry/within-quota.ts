import { findCountedBytes } from '../blobs/store.ts'
import { openPassage, type Passage } from '../blobs/unfinished.ts'
import { checkRoom, createLengthCheck } from '../quotas/admission.ts'
import { type Exchange, filled } from './exchange.ts'
import { streamBody } from './read-body.ts'

/** A project that holds more than it may begins no upload. */
export async function checkNotOver(exchange: Exchange): Promise<void> {
  await checkRoom(exchange.deps.uploads, filled(exchange, 'project'), 0)
}

/**
 * The request's body, which breaks off with a QuotaExceededError when it is longer than what the project may hold
 * still, at once where Content-Length says so. `offset` is where in the blob it begins; a blob of this digest that
 * counts in the project already costs nothing more, as far as it goes. It breaks off likewise where the unfinished uploads of
 * the project hold too much together.
 */
export async function bodyWithinQuota(
  exchange: Exchange,
  offset: number,
  digest?: string,
): Promise<AsyncIterable<Uint8Array>> {
  const { deps, request } = exchange
  const body = streamBody(request.raw)
  const project = filled(exchange, 'project')
  if (project.storageLimit === undefined) return body
  const free = digest === undefined ? undefined : await findCountedBytes(deps.uploads.db, project.id, digest)
  const check = createLengthCheck(deps.uploads, project)
  const passage = openPassage(deps.uploads, project)

  return limited(body, passage, offset, Number(request.headers['content-length'] ?? 0), async (length) => {
    if (free === undefined || length > free) await check(length)
  })
}

async function* limited(
  body: AsyncIterable<Uint8Array>,
  passage: Passage,
  offset: number,
  announced: number,
  check: (length: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  await check(offset + announced)
  await passage.expect(announced)
  let length = offset
  try {
    for await (const chunk of body) {
      length += chunk.length
      await check(length)
      await passage.take(chunk.length)
      yield chunk
    }
  } finally {
    passage.end()
  }
}
