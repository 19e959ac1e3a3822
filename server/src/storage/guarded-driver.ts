import type { ByteRange, StorageDriver } from './driver.ts'
import {
  InvalidKeyError,
  InvalidRangeError,
  ObjectExistsError,
  ObjectMissingError,
  ObjectTooLargeError,
  StorageFailureError,
  StorageFullError,
} from './errors.ts'
import { assertKey, assertPrefix, assertUploadId } from './keys.ts'

/** The name of a driver's method. */
export type StorageOperation = Exclude<keyof StorageDriver, 'kind' | 'putsUpTo'>

/**
 * Told of every call when it settles. `bytes` is what the call itself moved; of `read`, `open` and
 * `readUpload` it is 0, since they settle before anything flows. That a key is taken or missing is an answer, not
 * a failure: `failed` speaks of the store.
 */
export type Observe = (operation: StorageOperation, seconds: number, bytes: number, failed: boolean) => void

export interface GuardOptions {
  observe?: Observe | undefined
  /** Milliseconds of a clock that never goes back. */
  now?: () => number
}

type Run = <T>(
  operation: StorageOperation,
  subject: string,
  call: () => Promise<T>,
  bytes?: (result: T) => number,
) => Promise<T>

const UPLOAD = 'an upload'

/**
 * The same driver behind the checks that all drivers share: keys, ids and numbers are validated before
 * it is asked, and whatever it throws comes out as one of `errors.ts`.
 */
export function guardDriver(driver: StorageDriver, options: GuardOptions = {}): StorageDriver {
  const run = createRun(options)

  return {
    kind: driver.kind,
    ...(driver.putsUpTo !== undefined && { putsUpTo: driver.putsUpTo }),
    ...guardObjects(driver, run),
    ...guardUploads(driver, run),
    capacity: () => run('capacity', 'the medium', () => driver.capacity()),
    close: () => run('close', 'the medium', () => driver.close()),
  }
}

type Objects = Pick<StorageDriver, 'stat' | 'read' | 'open' | 'urlOf' | 'put' | 'list' | 'delete' | 'tidy'>

function guardObjects(driver: StorageDriver, run: Run): Objects {
  const open = driver.open?.bind(driver)
  const urlOf = driver.urlOf?.bind(driver)
  const tidy = driver.tidy?.bind(driver)

  return {
    ...(open && {
      async open(key: string) {
        assertKey(key)
        return run('open', key, () => open(key))
      },
    }),
    ...(urlOf && {
      async urlOf(key: string, method: 'GET' | 'HEAD') {
        assertKey(key)
        return run('urlOf', key, () => urlOf(key, method))
      },
    }),
    ...(tidy && {
      async tidy(prefix: string, before: Date) {
        assertPrefix(prefix)
        return run('tidy', prefix, () => tidy(prefix, before))
      },
    }),
    async stat(key) {
      assertKey(key)
      return run('stat', key, () => driver.stat(key))
    },
    async read(key, range) {
      assertKey(key)
      if (range !== undefined) assertRange(key, range)
      return run('read', key, () => driver.read(key, range))
    },
    async put(key, bytes) {
      assertKey(key)
      return run(
        'put',
        key,
        () => driver.put(key, bytes),
        () => bytes.byteLength,
      )
    },
    async list(prefix, options) {
      assertPrefix(prefix)
      assertCount('limit', options.limit, 1)
      return run('list', prefix === '' ? 'all keys' : prefix, () => driver.list(prefix, options))
    },
    async delete(key, options) {
      assertKey(key)
      return run('delete', key, () => driver.delete(key, options))
    },
  }
}

type Uploads = Pick<
  StorageDriver,
  | 'startUpload'
  | 'append'
  | 'readUpload'
  | 'forkUpload'
  | 'finishUpload'
  | 'forgetUpload'
  | 'abortUpload'
  | 'staleUploads'
>

function guardUploads(driver: StorageDriver, run: Run): Uploads {
  return {
    async startUpload(id) {
      assertUploadId(id)
      return run('startUpload', id, () => driver.startUpload(id))
    },
    async append(state, offset, source) {
      assertCount('offset', offset, 0)
      return run(
        'append',
        UPLOAD,
        () => driver.append(state, offset, source),
        (result) => result.written,
      )
    },
    async readUpload(state, length) {
      assertCount('length', length, 0)
      return run('readUpload', UPLOAD, () => driver.readUpload(state, length))
    },
    async forkUpload(state, id, length) {
      assertUploadId(id)
      assertCount('length', length, 0)
      return run(
        'forkUpload',
        id,
        () => driver.forkUpload(state, id, length),
        () => length,
      )
    },
    async finishUpload(state, length, key) {
      assertCount('length', length, 0)
      assertKey(key)
      return run('finishUpload', key, () => driver.finishUpload(state, length, key))
    },
    forgetUpload: (state) => run('forgetUpload', UPLOAD, () => driver.forgetUpload(state)),
    abortUpload: (state) => run('abortUpload', UPLOAD, () => driver.abortUpload(state)),
    async staleUploads(before, limit) {
      assertCount('limit', limit, 1)
      return run('staleUploads', 'uploads', () => driver.staleUploads(before, limit))
    },
  }
}

function createRun({ observe, now = () => performance.now() }: GuardOptions): Run {
  return async (operation, subject, call, bytes = () => 0) => {
    const start = now()
    const seconds = () => (now() - start) / 1000

    try {
      const result = await call()
      observe?.(operation, seconds(), bytes(result), false)
      return result
    } catch (error) {
      const named = isNamed(error) ? error : new StorageFailureError(operation, subject, error)
      observe?.(operation, seconds(), 0, isFailure(named))
      throw named
    }
  }
}

function isNamed(error: unknown): boolean {
  return (
    error instanceof ObjectMissingError ||
    error instanceof ObjectTooLargeError ||
    error instanceof ObjectExistsError ||
    error instanceof InvalidKeyError ||
    error instanceof InvalidRangeError ||
    isFailure(error)
  )
}

function isFailure(error: unknown): boolean {
  return error instanceof StorageFullError || error instanceof StorageFailureError
}

function assertRange(key: string, range: ByteRange): void {
  const { start, end } = range
  const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end

  if (!valid) throw new InvalidRangeError(key, range)
}

function assertCount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new TypeError(`${name} cannot be ${value}`)
}
