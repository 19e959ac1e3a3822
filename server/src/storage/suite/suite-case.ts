import type { StorageDriver } from '../driver.ts'

/** One sentence of the port's contract. */
export interface SuiteCase {
  /** The sentence. */
  name: string
  /**
   * Arranges, acts, asserts; ends with no upload in progress. `reopen` answers a second driver over the
   * same medium, as another process would have it.
   */
  run(driver: StorageDriver, reopen: () => Promise<StorageDriver>): Promise<void>
  /** Milliseconds, where the usual ones do not do. */
  timeout?: number
}
