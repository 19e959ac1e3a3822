import { expect, test } from 'vitest'
import { unforgivable } from './skips.ts'

test('only what no package can bring may be skipped in continuous integration', () => {
  const skips = [
    { name: 'the official conformance suite (skipped: …) > of version 1.1 passes whole', reason: '' },
    { name: 'podman (skipped: podman: not installed) > pushes', reason: '' },
  ]

  expect(unforgivable(skips)).toEqual([skips[1]])
})
