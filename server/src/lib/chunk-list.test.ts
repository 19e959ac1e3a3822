import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createChunkList } from './chunk-list.ts'
import { giveAway } from './chunk-memory.ts'

const KIB = 1024

test('the bytes are those of the chunks in their order, whatever their sizes', () => {
  const sizes = fc.oneof(
    fc.constant(0),
    fc.integer({ max: 3, min: 1 }),
    fc.integer({ max: 40 * KIB, min: 0 }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.nat(200), fc.boolean()), { maxLength: 12 }), (runs) => {
      const list = createChunkList()
      const all: Buffer[] = []
      for (const [size, count, isGiven] of runs) {
        const few = size > KIB ? count % 5 : count
        for (let at = 0; at < few; at += 1) {
          const chunk = Buffer.alloc(size, all.length)
          all.push(Buffer.from(chunk))
          list.add(isGiven ? giveAway(chunk) : chunk)
        }
      }
      const expected = Buffer.concat(all)

      expect(list.size).toBe(expected.length)
      expect(Buffer.concat(list.chunks()).equals(expected)).toBe(true)
      expect(list.join().equals(expected)).toBe(true)
    }),
  )
})

test('chunks of single bytes do not stay chunks of their own', () => {
  const list = createChunkList()

  for (let at = 0; at < 200 * KIB; at += 1) list.add(Buffer.of(at))

  expect(list.chunks().length).toBeLessThan(200)
})

test('large chunks are not copied', () => {
  const list = createChunkList()
  const large = Buffer.alloc(64 * KIB)

  for (let at = 0; at < 300; at += 1) list.add(large)

  expect(list.chunks().every((chunk) => chunk === large)).toBe(true)
})

test('who gave chunks away has their memory back when they are joined, and others keep theirs', () => {
  const list = createChunkList()
  const given = giveAway(Buffer.alloc(20 * KIB))
  const kept = Buffer.alloc(20 * KIB)
  list.add(given)
  list.add(kept)

  expect(list.join().byteLength).toBe(40 * KIB)

  expect(given.byteLength).toBe(0)
  expect(kept.byteLength).toBe(20 * KIB)
})
