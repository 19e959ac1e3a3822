import { expect, test } from 'vitest'
import { parseArtifactReference } from './reference.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('an artifact is named by a tag or by its digest', () => {
  expect(parseArtifactReference('team/app:v1')).toEqual({
    project: 'team',
    repository: 'app',
    reference: 'v1',
  })
  expect(parseArtifactReference(`team/deep/app@${digest}`)).toEqual({
    project: 'team',
    repository: 'deep/app',
    reference: digest,
  })
})

test.each([
  '',
  'nonsense',
  'team/app',
  'app:v1',
  'team/app:',
  'team/app@sha256:1',
  'team/App:v1',
  `team/app:v1@${digest}`,
])('%j names no artifact', (text) => {
  expect(parseArtifactReference(text)).toBeUndefined()
})
