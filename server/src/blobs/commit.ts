import type { Database } from '../platform/db/database.ts'
import { ObjectExistsError } from '../storage/errors.ts'
import { blobKey } from '../storage/paths.ts'
import { findObject, insertObject, linkBlob, lockBlob } from './store.ts'

// A key is taken only where a process died between placing the object and committing.
const MAX_TAKEN_KEYS = 100

/**
 * Records a blob within a transaction and makes the repository offer it. Where its bytes are not stored
 * yet, `place` is called with the key to put them under and answers the key they got; it rejects with
 * ObjectExistsError where that key is taken, and is then called with the next generation's.
 *
 * Answers the blob's id and whether `place` was needed.
 */
export async function commitBlob(
  tx: Database,
  blob: { digest: string; size: number; store: string; repositoryId: number },
  place: (key: string) => Promise<string>,
): Promise<{ id: number; placed: boolean }> {
  const id = await lockBlob(tx, blob.digest, blob.size)
  const object = await findObject(tx, blob.store, id)
  if (!object.stored) {
    const { key, generation } = await placeObject(blob.digest, object.nextGeneration, place)
    await insertObject(tx, { blobId: id, store: blob.store, key, generation })
  }
  await linkBlob(tx, blob.repositoryId, id)

  return { id, placed: !object.stored }
}

async function placeObject(
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
