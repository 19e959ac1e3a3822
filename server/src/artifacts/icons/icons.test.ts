import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { accessoryIconOf, findBuiltinIcon, iconOf } from './builtin.ts'

test('every artifact has an icon: its own, that of its type, or a plain one', () => {
  const own = `sha256:${'a'.repeat(64)}`
  const [image, chart, other] = ['IMAGE', 'CHART', 'ROCKET'].map((type) => iconOf({ icon: null, type }))

  expect(iconOf({ icon: own, type: 'CHART' })).toBe(own)
  expect(new Set([image, chart, other]).size).toBe(3)
  expect(iconOf({ icon: null, type: null })).toBe(other)
})

test('an icon is found under the digest of its bytes', () => {
  const digests = ['IMAGE', 'CNAB', 'WASM', 'CNAI', 'SBOM', 'ATTESTATION'].map((type) =>
    iconOf({ icon: null, type }),
  )

  for (const digest of [
    ...digests,
    accessoryIconOf('signature.cosign'),
    accessoryIconOf('accelerator.nydus'),
  ]) {
    const { svg } = findBuiltinIcon(digest) ?? { svg: '' }
    expect(`sha256:${createHash('sha256').update(svg).digest('hex')}`).toBe(digest)
  }
})

test('an accessory of no known type has no icon', () => {
  expect(accessoryIconOf('subject.accessory')).toBe('')
})
