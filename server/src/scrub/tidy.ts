import type { TaskContext } from '../jobs/kind.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { blobPrefixes } from '../storage/paths.ts'

/** What was changed more recently may be a writer's who is about to use it. He would bear it, but need not. */
const QUIET_MS = 3_600_000

/** Removes what deleted objects have left in a store that has directories: a million of them take some gigabytes. */
export async function tidyStore(storage: StorageDriver, { signal, log }: TaskContext): Promise<void> {
  if (!storage.tidy) return
  let removed = 0
  for (const prefix of blobPrefixes()) {
    signal.throwIfAborted()
    removed += await storage.tidy(prefix, new Date(Date.now() - QUIET_MS))
  }
  if (removed > 0) log(`${removed} empty directories removed`)
}
