/** There is no object under the key, or no such upload any more. */
export class ObjectMissingError extends Error {
  constructor(key: string) {
    super(`no object ${key}`)
    this.name = 'ObjectMissingError'
  }
}

/** The key is taken. A key is never used twice, so nothing is overwritten. */
export class ObjectExistsError extends Error {
  constructor(key: string) {
    super(`object ${key} exists already`)
    this.name = 'ObjectExistsError'
  }
}

/** The medium has no room left. */
export class StorageFullError extends Error {
  constructor(cause?: unknown) {
    super('the storage is full', cause === undefined ? undefined : { cause })
    this.name = 'StorageFullError'
  }
}

/** An upload is larger than the store takes; no matter how often it is tried. */
export class ObjectTooLargeError extends Error {
  constructor() {
    super('the upload is larger than the storage takes')
    this.name = 'ObjectTooLargeError'
  }
}

/** The store failed for a reason of its own (I/O error, no permission, unreachable). */
export class StorageFailureError extends Error {
  constructor(operation: string, key: string, cause: unknown) {
    super(`storage cannot ${operation} ${key}`, { cause })
    this.name = 'StorageFailureError'
  }
}

/** A key that no driver accepts: empty, absolute, with `..`, or with characters outside the allowed set. */
export class InvalidKeyError extends Error {
  constructor(key: string) {
    super(`invalid storage key ${JSON.stringify(key)}`)
    this.name = 'InvalidKeyError'
  }
}

/** A range of bytes that does not lie within the object. */
export class InvalidRangeError extends Error {
  constructor(key: string, range: { start: number; end: number }) {
    super(`object ${key} has no bytes ${range.start} to ${range.end}`)
    this.name = 'InvalidRangeError'
  }
}
