import type { Database } from '../platform/db/database.ts'
import { ObjectExistsError, ObjectMissingError } from '../storage/errors.ts'
import { blobKey } from '../storage/paths.ts'
import { type LinkDeps, type LinkOptions, linkBlob, type NewBlob } from './link.ts'
import { insertLastObject, insertObject } from './store.ts'

// A key is taken only where a process died between placing the object and committing.
const MAX_TAKEN_KEYS = 100

/**
 * Records a blob within a transaction, makes the repository offer it and counts it (`linkBlob`). Where its bytes are not stored yet, `place` is called with the key to put them under
 * and answers the key they got; it rejects with ObjectExistsError where that key is taken, and is then called with the
 * next generation's. It comes last: a rollback does not take the bytes back. Throws ObjectMissingError where what it
 * has placed, with an answer of before, is about to be deleted. With `last` nothing comes behind it in the transaction.
 *
 * Answers the blob's id and whether `place` was needed.
 */
export async function commitBlob(
  tx: Database,
  deps: LinkDeps,
  blob: NewBlob,
  place: (key: string) => Promise<string>,
  options: LinkOptions & { last?: boolean } = {},
): Promise<{ id: number; placed: boolean }> {
  const linked = await linkBlob(tx, deps, blob, options)
  if (!linked.stored) {
    const { key, generation } = await placeObject(blob.digest, linked.nextGeneration, place)
    const object = { blobId: linked.id, store: deps.store, key, generation }
    const insert = options.last ? insertLastObject : insertObject
    if (!(await insert(tx, object))) throw new ObjectMissingError(key)
  }

  return { id: linked.id, placed: !linked.stored }
}

/** Places an object under the first key from a generation on that is not taken. */
export async function placeObject(
  digest: string,
  first: number,
  place: (key: string) => Promise<string>,
): Promise<{ key: string; generation: number }> {
  for (let generation = first; generation < first + MAX_TAKEN_KEYS; generation += 1) {
    try {
      return { key: await place(blobKey(digest, generation)), generation }
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error
    }
  }
  throw new Error(`${MAX_TAKEN_KEYS} keys of ${digest} are taken`)
}
