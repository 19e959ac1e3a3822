import { expect, test } from 'vitest'
import { unforgivable } from './skips.ts'

test('only what no package can bring may be skipped in continuous integration', () => {
  const skips = [
    { name: 'the official conformance suite > needs its binary' },
    { name: 'a full disk is said in one line', reason: 'only root can mount a disk that is small enough' },
    { name: 'podman > needs podman', reason: 'podman could not be installed on this machine' },
  ]

  expect(unforgivable(skips)).toEqual([skips[2]])
})
