import { expect, test } from 'vitest'
import { giveAway, releaseMemory } from './chunk-memory.ts'

test('memory of a chunk that was given away is given back', () => {
  const chunk = Buffer.alloc(65_536)

  releaseMemory(giveAway(chunk))

  expect(chunk.byteLength).toBe(0)
  expect(chunk.buffer.byteLength).toBe(0)
})

test('what somebody else may have stays', () => {
  const kept = Buffer.alloc(65_536)
  const memory = new ArrayBuffer(65_536)
  const part = giveAway(Buffer.from(memory, 0, 10))

  releaseMemory(kept)
  releaseMemory(part)

  expect(kept.byteLength).toBe(65_536)
  expect(memory.byteLength).toBe(65_536)
})
