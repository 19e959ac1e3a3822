import { expect, test } from 'vitest'
import { stepsOf } from './pipeline.ts'

test('the quick way knows every check that the long way of a pull makes', () => {
  // A new check of manifest-get: see to it in quick-pull.ts, and then here.
  expect(stepsOf('manifest-get').map((step) => step.name)).toEqual([
    'authenticate',
    'checkName',
    'authorize',
    'checkReference',
  ])
})
