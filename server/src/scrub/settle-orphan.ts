import { insertQuarantined, lockFoundBlob, readGenerations, serveObject } from '../blobs/quarantine-store.ts'
import { transact } from '../platform/db/transact.ts'
import { emit } from '../platform/events/outbox.ts'
import { endFinding, noteFinding } from './findings-store.ts'
import type { AlsoWrite, ScrubDeps } from './settle-object.ts'

/** An object of a blob that no row knows. */
export interface OrphanBlob {
  key: string
  digest: string
  /** Undefined where its key does not say. */
  generation: number | undefined
  /** Bytes. */
  size: number
  /** Whether the blob is needed, has no bytes, and these are right. */
  wanted: boolean
}

/** What came of it. */
export type OrphanTold = 'quarantined' | 'restored'

/**
 * Writes an object down that no row knows: its key is taken from here on, nobody is offered it, and its time in quarantine
 * begins. One that is wanted is put in its place instead. Undefined where a row knows it by now.
 */
export function settleOrphan(
  deps: ScrubDeps,
  orphan: OrphanBlob,
  alsoWrite: AlsoWrite<OrphanTold>,
): Promise<OrphanTold | undefined> {
  const { store, quarantineDays: days } = deps
  const { key, digest, size } = orphan
  return transact(deps.db, async (tx) => {
    const blobId = await lockFoundBlob(tx, digest, size)
    const generation = orphan.generation ?? (await readGenerations(tx, store, blobId)).last + 1
    const objectId = await insertQuarantined(tx, { blobId, store, key, generation })
    if (objectId === undefined) return undefined
    await noteFinding(tx, { store, kind: 'orphan', key, digest, size, blobId, objectId, days })
    const isServed = orphan.wanted && (await serveObject(tx, { id: objectId, blobId, store, size }))
    if (isServed) await endFinding(tx, store, key, 'restored')
    const told = isServed ? 'restored' : 'quarantined'
    await alsoWrite(tx, told)
    if (isServed) await emit(tx, { type: 'blob.recovered', payload: { digest, key } })
    return told
  })
}
