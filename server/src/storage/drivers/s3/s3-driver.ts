import type { ObjectStat, StorageDriver } from '../../driver.ts'
import { ObjectExistsError, StorageFailureError } from '../../errors.ts'
import { type Bucket, createBucket } from './bucket.ts'
import { createClient } from './client.ts'
import { BEHIND_UPLOADS, random, UPLOADS } from './names.ts'
import { readObject } from './read-object.ts'
import type { S3Settings } from './settings.ts'
import { createUrlSigner } from './sign-url.ts'
import { staleUploads } from './stale-uploads.ts'
import {
  abortUpload,
  append,
  finishUpload,
  forgetUpload,
  forkUpload,
  readUpload,
  startUpload,
} from './uploads.ts'

const PAGE = 1000

/** An upload holds as many bytes in memory before they become a part. */
const PUTS_UP_TO = 4 * 1024 * 1024

/**
 * Opens the driver that keeps objects in a bucket of S3 or of a server that speaks like it. Any number of processes
 * may use one bucket. Rejects with `StorageFailureError` where the bucket cannot be used, or where its server would
 * overwrite what it was told to leave alone.
 */
export async function openS3Driver(settings: S3Settings): Promise<StorageDriver> {
  const bucket = createBucket(await createClient(settings), settings)
  try {
    await bucket.check()
    await probe(bucket)
  } catch (error) {
    bucket.close()
    throw new StorageFailureError('open', `the bucket ${settings.bucket}`, error)
  }
  const uploads = { bucket, atKeys: settings.distributionLayout }
  const signer = settings.redirect ? await createUrlSigner(settings) : undefined

  return {
    kind: 's3',
    putsUpTo: PUTS_UP_TO,
    stat: (key) => stat(bucket, key),
    read: (key, range) => readObject(bucket, key, range),
    ...(signer && { urlOf: signer.sign }),
    put: (key, bytes) => bucket.put(key, bytes, { writer: random() }),
    list: (prefix, { after = '', limit }) => listKeys(bucket, prefix, after, limit),
    delete: (key) => bucket.delete(key),
    startUpload: (id) => startUpload(uploads, id),
    append: (state, offset, source) => append(uploads, state, offset, source),
    readUpload: (state, length) => readUpload(uploads, state, length),
    forkUpload: (state, id, length) => forkUpload(uploads, state, id, length),
    finishUpload: (state, length, key) => finishUpload(uploads, state, length, key),
    forgetUpload: (state) => forgetUpload(uploads, state),
    abortUpload: (state) => abortUpload(uploads, state),
    staleUploads: (before, limit) => staleUploads(bucket, before, limit),
    async capacity() {
      return undefined
    },
    async close() {
      signer?.close()
      bucket.close()
    },
  }
}

/** `put` must never overwrite, and not every server knows how. */
async function probe(bucket: Bucket): Promise<void> {
  const key = `${UPLOADS}probe-${random()}`
  try {
    await bucket.put(key, Buffer.from('1'), { writer: random() })
    await bucket.put(key, Buffer.from('2'), { writer: random() })
  } catch (error) {
    if (error instanceof ObjectExistsError) return
    throw error
  } finally {
    await bucket.delete(key)
  }
  throw new Error('the server overwrites objects in spite of If-None-Match')
}

async function stat(bucket: Bucket, key: string): Promise<ObjectStat | undefined> {
  const head = await bucket.head(key)

  return head && { size: head.size }
}

async function listKeys(bucket: Bucket, prefix: string, after: string, limit: number): Promise<string[]> {
  const start = prefix === '' ? '' : `${prefix}/`
  const keys: string[] = []
  let behind = after

  for (let more = true; more && keys.length < limit; ) {
    const page = await bucket.list(start, behind, Math.min(PAGE, limit))
    keys.push(...page.objects.map(({ key }) => key).filter((key) => !key.startsWith(UPLOADS)))
    const last = page.objects.at(-1)?.key
    behind = last?.startsWith(UPLOADS) ? BEHIND_UPLOADS : (last ?? behind)
    const next = page.more ? behind : await findRest(bucket, start, behind)
    more = next !== undefined
    behind = next ?? behind
  }

  return keys.slice(0, limit)
}

/**
 * Some servers end a list that begins within `a/` before they come to `a0/`. So an end is believed only when nothing
 * begins behind the directories of the last key either. Answers from where to go on.
 */
async function findRest(bucket: Bucket, start: string, behind: string): Promise<string | undefined> {
  const segments = behind.split('/')
  for (let depth = segments.length - 1; depth > 0; depth -= 1) {
    // The string that follows all keys of the directory.
    const next = `${segments.slice(0, depth).join('/')}0`
    if (!next.startsWith(start)) return undefined
    if ((await bucket.list(start, next, 1)).objects.length > 0) return next
  }
  return undefined
}
