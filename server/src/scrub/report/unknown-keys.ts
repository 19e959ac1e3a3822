import { setTimeout } from 'node:timers/promises'
import type { Database } from '../../platform/db/database.ts'
import type { StorageDriver } from '../../storage/driver.ts'
import { InvalidKeyError } from '../../storage/errors.ts'
import { isOfBlob, readKey } from '../keys.ts'
import { existingTasks, isPast, readHorizon, statesByKey } from './objects-store.ts'

const POLL_MS = 25

/** Those of the keys that no row stands for as it should, with what rows say. */
export async function findUnknown(
  deps: { db: Database; store: string },
  keys: readonly string[],
): Promise<Map<string, string | undefined>> {
  const blobs = keys.filter(isOfBlob)
  const states = await statesByKey(deps.db, deps.store, blobs)
  const tasks = await existingTasks(
    deps.db,
    keys.flatMap((key) => taskOf(key) ?? []),
  )

  return new Map(
    keys
      .filter((key) => !tasks.has(taskOf(key) ?? 0))
      .map((key) => [key, states.get(key)] as const)
      .filter(([, state]) => state === undefined || state === 'deleted' || state === 'lost'),
  )
}

/** Undefined where it is gone; -1 where its name is none that can be asked for. */
export async function sizeOf(storage: StorageDriver, key: string): Promise<number | undefined> {
  try {
    return (await storage.stat(key))?.size
  } catch (error) {
    if (error instanceof InvalidKeyError) return -1
    throw error
  }
}

/**
 * Waits until every transaction is over that has written something by now; answers whether they are. Whoever places an
 * object does so in the transaction that writes its row: so one that was seen before, and that no row knows afterwards, will
 * never be known.
 */
export async function waitForTransactions(
  db: Database,
  patienceMilliseconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const horizon = await readHorizon(db)
  const end = performance.now() + patienceMilliseconds
  while (!(await isPast(db, horizon))) {
    signal?.throwIfAborted()
    if (performance.now() > end) return false
    await setTimeout(POLL_MS)
  }
  return true
}

function taskOf(key: string): number | undefined {
  const meaning = readKey(key)
  return meaning.kind === 'task-log' ? meaning.taskId : undefined
}
