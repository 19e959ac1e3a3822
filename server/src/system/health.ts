import type { Database } from '../platform/db/database.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { blobKey } from '../storage/paths.ts'
import { createProbe, type Probe } from './probe.ts'
import { askDatabase } from './store.ts'

/** One part of the system; `error` where it does not work. */
export interface ComponentHealth {
  name: string
  error?: string
}

const TIMEOUT = 2_000

/** A key that no blob has: asking for it reaches the store and finds nothing. */
const NO_BLOB = blobKey(`sha256:${'0'.repeat(64)}`, 1)

/**
 * Answers the health of Harbor's seven components by asking what does their work here: `registry` and
 * `registryctl` are the blob store; `redis` (sessions, caches) and `jobservice` (work behind the scenes) live in
 * the database; `core` and `portal` are this process, which answers.
 */
export function createHealthCheck(deps: {
  db: Database
  storage: StorageDriver
}): () => Promise<ComponentHealth[]> {
  const database = createProbe('the database', () => askDatabase(deps.db), TIMEOUT)
  const storage = createProbe('the storage', () => askStorage(deps.storage), TIMEOUT)

  return async () => {
    const [databaseError, storageError] = await Promise.all([
      database(),
      storage(),
    ] satisfies ReturnType<Probe>[])
    return [
      component('core'),
      component('database', databaseError),
      component('jobservice', databaseError),
      component('portal'),
      component('redis', databaseError),
      component('registry', storageError),
      component('registryctl', storageError),
    ]
  }
}

async function askStorage(storage: StorageDriver): Promise<void> {
  await Promise.all([storage.stat(NO_BLOB), storage.capacity()])
}

function component(name: string, error?: string): ComponentHealth {
  return error === undefined ? { name } : { name, error }
}
