import { expect, test } from 'vitest'
import { readRange } from './read-object.ts'

const BODY = Buffer.from('what everybody pulls')

/** A store of one object that comes in pieces of seven bytes, and how often it is still open. */
function openStore(object: Buffer) {
  let stillOpen = 0
  return {
    stillOpen: () => stillOpen,
    async open() {
      stillOpen += 1
      return {
        async read(buffer: Uint8Array, position: number) {
          const piece = object.subarray(position, position + 7)
          return piece.copy(buffer, 0, 0, Math.min(piece.length, buffer.length))
        },
        async close() {
          stillOpen -= 1
        },
      }
    },
  }
}

test.each([
  [0, BODY.length - 1],
  [0, 6],
  [3, 17],
  [0, -1],
])('bytes %i to %i are read, in however many pieces they come', async (start, end) => {
  const store = openStore(BODY)

  expect(await readRange(store.open, 'there', { start, end })).toEqual(BODY.subarray(start, end + 1))

  expect(store.stillOpen()).toBe(0)
})

test('what ends early is an error, and nothing is left open', async () => {
  const store = openStore(BODY.subarray(0, 9))

  await expect(readRange(store.open, 'there', { start: 0, end: BODY.length - 1 })).rejects.toThrow(
    'the object ends at byte 9',
  )

  expect(store.stillOpen()).toBe(0)
})
