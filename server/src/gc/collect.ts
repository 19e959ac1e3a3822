import { findUsed } from '../artifacts/reference-store.ts'
import { deleteManifestBodies } from '../artifacts/store.ts'
import {
  closeObjects,
  type DoomedObject,
  findDoomed,
  findUnread,
  lockIdle,
  markCollected,
} from '../blobs/collect-store.ts'
import type { Database } from '../platform/db/database.ts'
import { transact } from '../platform/db/transact.ts'
import type { DeleteOptions, StorageDriver } from '../storage/driver.ts'

export interface CollectDeps {
  db: Database
  storage: StorageDriver
  /** Name of the store in `blob_objects`. */
  store: string
  graceSeconds: number
  /** Told of every batch that was collected. */
  onCollected?: ((collected: Collected) => void) | undefined
}

/** What a batch came to. */
export interface Collected {
  blobs: number
  manifests: number
  bytes: number
}

/** A batch whose bytes are still to be deleted. */
export type Marked = Collected & { objects: DoomedObject[] }

/** Told of an object that the store would not delete; it goes on being due. */
export type OnFailure = (object: DoomedObject, error: unknown) => void

/**
 * Collects those of the blobs that nothing references and whose grace is over. In one transaction each is locked, looked at
 * again, and marked; with `alsoWrite` in it. Whoever references a blob at that moment comes first, or waits and is told
 * that it is gone. Answers what was marked; the bytes are still to be deleted.
 */
export function markIdle(
  deps: CollectDeps,
  blobIds: readonly number[],
  alsoWrite?: (tx: Database, collected: Marked) => Promise<void>,
): Promise<Marked> {
  return mark(deps, blobIds, deps.graceSeconds, alsoWrite)
}

async function mark(
  deps: CollectDeps,
  blobIds: readonly number[],
  graceSeconds: number | 'now',
  alsoWrite?: (tx: Database, collected: Marked) => Promise<void>,
): Promise<Marked> {
  const marked = await transact(deps.db, async (tx) => {
    const locked = await lockIdle(tx, deps.store, blobIds, graceSeconds)
    // With the locks held nobody references them from here on; what was committed before is seen by now.
    const used = new Set(await findUsed(tx, [...locked.keys()]))
    const idle = [...locked.keys()].filter((id) => !used.has(id))
    const objects = await markCollected(tx, deps.store, idle)
    // Another collector may have been faster since the look: what it has marked is its own to tell of.
    const manifests = await deleteManifestBodies(
      tx,
      objects.map(({ digest }) => digest),
    )
    const bytes = objects.reduce((sum, { size }) => sum + size, 0)
    const collected = { blobs: objects.length, manifests, bytes, objects }
    await alsoWrite?.(tx, collected)
    return collected
  })
  deps.onCollected?.(marked)

  return marked
}

/**
 * Deletes the bytes of objects that are marked, so many at once; answers how many. Two who do it do no harm: a key is never used
 * again. One that fails keeps no other from it. Once `signal` is aborted no more is begun.
 */
export async function deleteObjects(
  deps: CollectDeps,
  objects: readonly DoomedObject[],
  workers: number,
  onFailure: OnFailure,
  { signal, ...options }: DeleteOptions & { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const queue = [...objects]
  const gone: number[] = []
  const work = async () => {
    for (let object = queue.pop(); object && !signal?.aborted; object = queue.pop()) {
      try {
        await deps.storage.delete(object.key, options)
        gone.push(object.id)
      } catch (error) {
        onFailure(object, error)
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  if (gone.length > 0) await closeObjects(deps.db, gone)

  return gone.length
}

const BATCH = 1000
const WORKERS = 4

/**
 * Deletes what was marked before and is still there, after a crash or a failure of the store; for good, as there may be something
 * among it that was purged.
 */
export async function deleteDoomed(
  deps: CollectDeps,
  workers: number,
  onFailure: OnFailure,
  signal?: AbortSignal,
): Promise<number> {
  let gone = 0
  for (let after = 0; ; ) {
    signal?.throwIfAborted()
    const objects = await findDoomed(deps.db, deps.store, after, BATCH)
    if (objects.length === 0) return gone
    gone += await deleteObjects(deps, objects, workers, onFailure, { durable: true, signal })
    after = objects.at(-1)?.id ?? after
  }
}

/**
 * Collects blobs now, whatever their grace, if nothing references them: for what must not stay. It is gone for good when this
 * resolves, also what another collector has in its hands or has deleted a moment ago. Answers false where the store refused;
 * collection will try again.
 */
export async function reclaimNow(
  deps: CollectDeps,
  blobIds: readonly number[],
  onFailure: OnFailure,
): Promise<boolean> {
  if (blobIds.length === 0) return true
  await mark(deps, blobIds, 'now')
  const objects = await findUnread(deps.db, deps.store, blobIds)
  return (await deleteObjects(deps, objects, WORKERS, onFailure, { durable: true })) === objects.length
}
