import { createHash } from 'node:crypto'
import { blobKey } from '../../storage/paths.ts'
import type { Program } from './program.ts'

/** What clients were told, and may rely on. */
export interface Promises {
  /** By `repository@digest`. */
  blobs: Map<string, Buffer>
  /** By `repository:tag` or `repository@digest`. */
  manifests: Map<string, Buffer>
  /** What must not be found: as the keys of the above. */
  gone: Set<string>
  /** Digests whose bytes must not be in the store. */
  purged: Set<string>
  /** Uploads in progress by their location, with what of them was acknowledged. */
  uploads: Map<string, Buffer>
  /** By location, what a PUT was to end of which nobody has heard: the same PUT ends it, then or now. */
  ending: Map<string, { repository: string; last: Buffer; whole: Buffer }>
  /** What was sent of them in all, whether anybody heard of it or not. */
  sent: Map<string, Buffer>
  /** Objects in the store that are no blobs, by key. */
  objects: Map<string, Buffer>
}

export function noPromises(): Promises {
  return {
    blobs: new Map(),
    manifests: new Map(),
    gone: new Set(),
    purged: new Set(),
    uploads: new Map(),
    ending: new Map(),
    sent: new Map(),
    objects: new Map(),
  }
}

/** What a crash may leave, and the scrub removes. Beside a transaction that has not ended nobody can tell what it will be. */
export const SWEPT = ['orphan', 'leftover', 'returned', 'undecided']

/** Those that are broken, as clients see it, and then as the checker does. Changes nothing. */
export async function brokenPromises(
  program: Program,
  promises: Promises,
  tolerated: readonly string[],
): Promise<string[]> {
  const broken: string[] = []

  for (const [name, bytes] of promises.blobs) {
    const [repository, digest] = name.split('@')
    await expectBytes(`blob ${name}`, `/v2/${repository}/blobs/${digest}`, bytes)
  }
  for (const [name, bytes] of promises.manifests) {
    await expectBytes(`manifest ${name}`, manifestUrl(name), bytes)
  }
  for (const name of promises.gone) {
    const [repository, digest] = name.split('@')
    const url = promises.manifests.has(name) ? undefined : `/v2/${repository}/manifests/${digest}`
    if (url && (await program.http.inject({ url })).statusCode !== 404) broken.push(`${name} is there again`)
  }
  for (const [location, bytes] of promises.uploads) {
    const { statusCode, headers } = await program.http.inject({ url: location })
    if (statusCode !== 204) broken.push(`upload of ${bytes.length} bytes: ${statusCode}`)
    else if (Number(String(headers.range).split('-')[1]) + 1 < bytes.length) {
      broken.push(`upload of ${bytes.length} bytes holds ${headers.range}`)
    }
  }
  for (const [key, bytes] of promises.objects) {
    const held = await readKey(program, key)
    if (!held?.equals(bytes)) broken.push(`object ${key} is ${held === undefined ? 'lost' : 'wrong'}`)
  }
  for (const digest of promises.purged) {
    const bytes = await program.uploads.storage.stat(blobKey(digest, 1))
    if (bytes !== undefined) broken.push(`the bytes of ${digest} are there again`)
  }
  broken.push(...(await wrongUploads(program, [...promises.uploads.keys()])))

  const { faults } = await program.report()
  for (const [fault, { cases }] of Object.entries(faults)) {
    if (!tolerated.includes(fault)) broken.push(`${fault}: ${JSON.stringify(cases)}`)
  }
  return broken

  async function expectBytes(what: string, url: string, bytes: Buffer): Promise<void> {
    const answer = await program.http.inject({ url })
    if (answer.statusCode !== 200) broken.push(`${what}: ${answer.statusCode}`)
    else if (!answer.rawPayload.equals(bytes)) broken.push(`${what} is wrong`)
  }
}

function manifestUrl(name: string): string {
  const at = name.includes('@') ? name.indexOf('@') : name.lastIndexOf(':')

  return `/v2/${name.slice(0, at)}/manifests/${name.slice(at + 1)}`
}

async function readKey({ uploads: { storage } }: Program, key: string): Promise<Buffer | undefined> {
  if ((await storage.stat(key)) === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of await storage.read(key)) chunks.push(chunk as Uint8Array)

  return Buffer.concat(chunks)
}

/** What a row says of an upload's bytes must be so, or the upload be gone as a whole. */
async function wrongUploads(
  { uploads: { db, storage } }: Program,
  promised: readonly string[],
): Promise<string[]> {
  const broken: string[] = []
  const rows = await db
    .selectFrom('uploads')
    .select(['id', 'storage_state', 'offset', 'offset_digest', 'algorithm'])
    .execute()
  for (const row of rows) {
    const hash = createHash(row.algorithm)
    // Of one that nothing has come of yet the store knows nothing.
    if (row.storage_state === null && row.offset === 0) continue
    try {
      for await (const chunk of await storage.readUpload(row.storage_state as never, row.offset))
        hash.update(chunk as Buffer)
    } catch (error) {
      // The client is told that there is no such upload, and begins another.
      const isPromised = promised.some((location) => location.includes(row.id))
      if ((error as Error).name === 'ObjectMissingError' && !isPromised) continue
      broken.push(`upload ${row.id} cannot be read: ${String((error as Error).cause ?? error)}`)
      continue
    }
    const actual = `${row.algorithm}:${hash.digest('hex')}`
    if (actual !== row.offset_digest) broken.push(`upload ${row.id} holds other bytes than its row says`)
  }
  return broken
}
