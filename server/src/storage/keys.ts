import { InvalidKeyError } from './errors.ts'

const SEGMENT = /^[A-Za-z0-9._+=-]{1,255}$/
const UPLOAD_ID = /^[A-Za-z0-9_-]{1,128}$/
const MAX_KEY_LENGTH = 1024

/** Names at the top that mean something else: uploads in progress, and what fsck finds on a mount point. */
const RESERVED = new Set(['_uploads', 'lost+found'])

/**
 * Throws `InvalidKeyError` unless `key` is a relative path of 1 to 1024 characters whose segments are
 * made of letters, digits and `. _ + = -`, at most 255 each, none of them `.` or `..`. That is what every
 * medium can name; being ASCII, its byte order is JavaScript's order of strings.
 */
export function assertKey(key: string): void {
  const segments = key.split('/')
  const valid =
    key.length <= MAX_KEY_LENGTH &&
    !RESERVED.has(segments[0] ?? '') &&
    segments.every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')

  if (!valid) throw new InvalidKeyError(key)
}

/** As `assertKey`; the empty prefix stands for everything. */
export function assertPrefix(prefix: string): void {
  if (prefix !== '') assertKey(prefix)
}

/** Throws `InvalidKeyError` unless `id` is 1 to 128 letters, digits, `_` or `-`. */
export function assertUploadId(id: string): void {
  if (!UPLOAD_ID.test(id)) throw new InvalidKeyError(id)
}
