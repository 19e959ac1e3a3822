import { createHash } from 'node:crypto'
import { findManifestBody } from '../artifacts/store.ts'
import { placeObject } from '../blobs/commit.ts'
import {
  lockBlobRow,
  noteServed,
  quarantineLost,
  readGenerations,
  serveObject,
  withdrawObject,
} from '../blobs/quarantine-store.ts'
import { insertObject } from '../blobs/store.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import { emit } from '../platform/events/outbox.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { endFinding, findNeedyOf, noteFinding } from './findings-store.ts'
import type { WatchedObject } from './objects-store.ts'

/** What the scrub works with. */
export interface ScrubDeps {
  db: Database
  storage: StorageDriver
  /** Name of the store in `blob_objects`. */
  store: string
  /** How long bytes stay in quarantine. */
  quarantineDays: number
}

/** Told within the transaction what it comes to. */
export type AlsoWrite<Told> = (tx: Database, told: Told) => Promise<void>

export const MOST_NEEDY = 20

/** A blob that has lost its bytes. */
export interface Loss {
  neededBy: string[]
  healed: boolean
}

/**
 * Withdraws an object that is missing or damaged: nobody is offered it any more, so whoever pushes the digest uploads it,
 * under the next generation. The bytes of a manifest are put back from the database at once. Undefined where the object is
 * the collector's meanwhile.
 */
export function settleLoss(
  deps: ScrubDeps,
  object: WatchedObject,
  reason: 'missing' | 'damaged',
  alsoWrite: AlsoWrite<Loss>,
): Promise<Loss | undefined> {
  const { store } = deps
  const { id: objectId, blobId, digest, key, size } = object
  return transact(deps.db, async (tx) => {
    await lockBlobRow(tx, blobId)
    const state = reason === 'missing' ? 'lost' : 'quarantined'
    if (!(await withdrawObject(tx, { id: objectId, blobId }, state))) return undefined
    const neededBy = (await findNeedyOf(tx, [blobId], MOST_NEEDY)).get(blobId) ?? []
    const days = reason === 'damaged' ? deps.quarantineDays : undefined
    await noteFinding(tx, { store, kind: reason, key, digest, size, blobId, objectId, days })
    const healed = await putBackManifest(tx, deps, object)
    const loss = { neededBy, healed }
    await alsoWrite(tx, loss)
    await emit(tx, { type: 'blob.lost', payload: { digest, size, reason, healed, neededBy } })
    return loss
  })
}

/** Manifests are in the database as well. The finding stays for those who look after it, and is found healed. */
async function putBackManifest(
  tx: Database,
  deps: ScrubDeps,
  { blobId, digest }: WatchedObject,
): Promise<boolean> {
  const body = await findManifestBody(tx, digest)
  if (!body || digestOf(body, digest) !== digest) return false
  const { last } = await readGenerations(tx, deps.store, blobId)
  const { key, generation } = await placeObject(digest, last + 1, async (free) => {
    await deps.storage.put(free, body)
    return free
  })
  if (!(await insertObject(tx, { blobId, store: deps.store, key, generation }))) return false
  await noteServed(tx, blobId, body.length)
  return true
}

/** What came of an object that is right, and that nobody was offered. */
export type Return = 'served' | 'quarantined' | undefined

/**
 * Puts an object back that was lost or in quarantine, and whose bytes are right. Where the blob has others by now, it goes
 * into quarantine, as one too many.
 */
export function settleReturn(
  deps: ScrubDeps,
  object: WatchedObject,
  alsoWrite: AlsoWrite<Return>,
): Promise<Return> {
  const { store, quarantineDays: days } = deps
  const { id, blobId, digest, key, size } = object
  return transact(deps.db, async (tx) => {
    await lockBlobRow(tx, blobId)
    let told: Return
    if (await serveObject(tx, { id, blobId, store, size })) {
      told = 'served'
      await endFinding(tx, store, key, 'restored')
    } else if (object.state === 'lost' && (await quarantineLost(tx, id))) {
      told = 'quarantined'
      await endFinding(tx, store, key, 'healed')
      await noteFinding(tx, { store, kind: 'orphan', key, digest, size, blobId, objectId: id, days })
    }
    await alsoWrite(tx, told)
    if (told === 'served') await emit(tx, { type: 'blob.recovered', payload: { digest, key } })
    return told
  })
}

function digestOf(body: Buffer, like: string): string {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256'
  return `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
}
