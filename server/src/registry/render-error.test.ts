import { expect, test } from 'vitest'
import { ReferenceSizeError, ReferencesUnknownError } from '../artifacts/errors.ts'
import {
  DigestMismatchError,
  UploadInterruptedError,
  UploadOffsetError,
  UploadUnknownError,
} from '../blobs/errors.ts'
import type { OciError } from '../oci/errors.ts'
import { DomainError } from '../platform/errors.ts'
import { ObjectTooLargeError, StorageFailureError, StorageFullError } from '../storage/errors.ts'
import { toOciError } from './render-error.ts'

test.each([
  [new ReferencesUnknownError(['a', 'b']), 400, 'MANIFEST_BLOB_UNKNOWN'],
  [new ReferenceSizeError('a', 1, 2), 400, 'MANIFEST_INVALID'],
  [new DigestMismatchError('a', 'b'), 400, 'DIGEST_INVALID'],
  [new UploadUnknownError('id'), 404, 'BLOB_UPLOAD_UNKNOWN'],
  [new UploadOffsetError(5), 416, 'BLOB_UPLOAD_INVALID'],
  [new UploadInterruptedError('aborted'), 400, 'SIZE_INVALID'],
  [new ObjectTooLargeError(), 413, 'SIZE_INVALID'],
  [new StorageFullError(), 507, 'UNAVAILABLE'],
  [new StorageFailureError('read', '/secret/path', new Error('EIO')), 503, 'UNAVAILABLE'],
  [new DomainError('too-many-requests', 'slow down'), 429, 'TOOMANYREQUESTS'],
  [new DomainError('not-found', 'the project is gone'), 404, 'NAME_UNKNOWN'],
  [new DomainError('forbidden', 'no'), 403, 'DENIED'],
  [Object.assign(new Error('the database said so'), { code: '53100' }), 503, 'UNAVAILABLE'],
  [Object.assign(new Error('invalid byte sequence'), { code: '22021' }), 400, 'UNSUPPORTED'],
  [new Error('secret'), 500, 'UNKNOWN'],
  ['no error at all', 500, 'UNKNOWN'],
])('%s is answered with %i %s', (error, status, code) => {
  const oci = toOciError(error)

  expect(oci).toMatchObject({ status, code })
})

test('each unknown reference is an entry of its own', () => {
  const oci = toOciError(new ReferencesUnknownError(['a', 'b']))

  expect(oci.entries.map((entry) => entry.detail)).toEqual(['a', 'b'])
})

test('what is private stays inside', () => {
  const told = [new Error('secret'), new StorageFailureError('read', 'secret', new Error('secret'))]
    .map(toOciError)
    .map((oci: OciError) => JSON.stringify([oci.entries, oci.headers]))

  expect(told.join()).not.toContain('secret')
})
