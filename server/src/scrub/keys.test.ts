import { expect, test } from 'vitest'
import { newObjectKey, newUploadName, objectKey } from '../storage/drivers/s3/names.ts'
import { blobKey, taskListKey, taskLogKey } from '../storage/paths.ts'
import { readKey } from './keys.ts'

const SHA256 = `sha256:${'ab'.repeat(32)}`
const UPLOAD = newUploadName('b0d7e2c4-6a52-4b1b-9c39-5d6a1f0e7a11')
const SHA512 = `sha512:${'cd'.repeat(64)}`

test.each([
  [blobKey(SHA256, 1), { kind: 'blob', digest: SHA256, generation: 1 }],
  [blobKey(SHA256, 12), { kind: 'blob', digest: SHA256, generation: 12 }],
  [blobKey(SHA512, 2), { kind: 'blob', digest: SHA512, generation: 2 }],
  [newObjectKey(UPLOAD), { kind: 'uploaded' }],
  [objectKey(UPLOAD, 0), { kind: 'uploaded' }],
  [objectKey(UPLOAD, 100_236), { kind: 'uploaded' }],
  [taskLogKey(17, 1, 3), { kind: 'task-log', taskId: 17 }],
  [taskListKey(17, 1, 3), { kind: 'task-log', taskId: 17 }],
])('%s is read as it was built', (key, meaning) => {
  expect(readKey(key)).toEqual(meaning)
})

test.each([
  blobKey(SHA256, 1).replace('/ab/', '/ac/'),
  blobKey(SHA256, 1).toUpperCase(),
  blobKey(`sha256:${'ab'.repeat(31)}`, 1),
  blobKey(SHA512, 1).replace('sha512', 'sha256'),
  `${blobKey(SHA256, 1)}.1`,
  `${blobKey(SHA256, 1)}.02`,
  `${blobKey(SHA256, 2)}.tmp`,
  `x/${blobKey(SHA256, 1)}`,
  'docker/registry/v2/repositories/app/_layers/link',
  'portolan/task-logs/0/00001-000001',
  'portolan/task-logs/17',
  'notes of mine.txt',
  '',
])('%s is nothing of ours', (key) => {
  expect(readKey(key)).toEqual({ kind: 'foreign' })
})
