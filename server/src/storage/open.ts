import type { StorageDriver } from './driver.ts'
import { openFilesystemDriver } from './drivers/filesystem/filesystem-driver.ts'
import { openMemoryDriver } from './drivers/memory/memory-driver.ts'
import type { S3Settings } from './drivers/s3/settings.ts'
import { type GuardOptions, guardDriver } from './guarded-driver.ts'

interface DriverSettings {
  /** `directory` is created where it is missing. */
  filesystem: { directory: string }
  memory: object
  s3: S3Settings
}

/** `{ driver: 'filesystem', directory }`, `{ driver: 'memory' }` or `{ driver: 's3', bucket, … }`. */
export type StorageOptions<Kind extends keyof DriverSettings = keyof DriverSettings> = {
  [K in Kind]: { driver: K } & DriverSettings[K]
}[Kind]

const drivers: { [K in keyof DriverSettings]: (options: StorageOptions<K>) => Promise<StorageDriver> } = {
  filesystem: (options) => openFilesystemDriver(options.directory),
  memory: () => openMemoryDriver(),
  async s3(options) {
    // Read only by those who have a bucket: what it stands on is large.
    const { openS3Driver } = await import('./drivers/s3/s3-driver.ts')
    return openS3Driver(options)
  },
}

/**
 * Opens the blob store, guarded. Rejects where the place cannot keep what the port promises (no
 * permission, no hard links).
 */
export async function openStorage<Kind extends keyof DriverSettings>(
  options: StorageOptions<Kind>,
  guard: GuardOptions = {},
): Promise<StorageDriver> {
  const driver = await drivers[options.driver](options)

  return guardDriver(driver, guard)
}
