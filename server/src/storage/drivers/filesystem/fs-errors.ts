import { ObjectMissingError, StorageFullError } from '../../errors.ts'

/** Whether the operating system refused with one of these codes (`ENOENT` …). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** For `.catch` of what is tried and may fail. */
export function ignoreError(): void {
  // The place that uses it says why nothing hangs on the outcome.
}

/**
 * Runs `call`, saying `StorageFullError` where there is no room: a full disk (ENOSPC) and a used-up
 * quota (EDQUOT) look the same to whoever pushes.
 */
export async function namingFull<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw hasCode(error, 'ENOSPC', 'EDQUOT') ? new StorageFullError(error) : error
  }
}

/** Runs `call`, saying `ObjectMissingError` where the path, or a directory on the way, is not there. */
export async function namingMissing<T>(key: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw hasCode(error, 'ENOENT', 'ENOTDIR') ? new ObjectMissingError(key) : error
  }
}
