import { expect, test } from 'vitest'
import { stepsOf } from './pipeline.ts'

const namesOf = (endpoint: Parameters<typeof stepsOf>[0]) => stepsOf(endpoint).map((step) => step.name)

test('the quick way knows every check that the long way of a pull makes', () => {
  // A new check: see to it in quick-manifest.ts or quick-blob.ts, and then here.
  expect(namesOf('manifest-get')).toEqual(['authenticate', 'checkName', 'authorize', 'checkReference'])
  expect(namesOf('blob-get')).toEqual(['authenticate', 'checkName', 'authorize', 'checkDigest'])
})
