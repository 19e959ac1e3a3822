import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { StoredBlob } from './model.ts'
import { createSmallBodies } from './small-bodies.ts'

/** A store whose objects come in pieces of seven bytes, and what was opened in it, and is still open. */
function openStore(objects: Record<string, Buffer>) {
  const opened: string[] = []
  let stillOpen = 0
  return {
    objects,
    opened,
    stillOpen: () => stillOpen,
    async open(key: string) {
      opened.push(key)
      stillOpen += 1
      return {
        async read(buffer: Uint8Array, position: number) {
          const piece = (objects[key] ?? Buffer.alloc(0)).subarray(position, position + 7)
          return piece.copy(buffer, 0, 0, Math.min(piece.length, buffer.length))
        },
        async close() {
          stillOpen -= 1
        },
      }
    },
  }
}

function blobOf(body: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): StoredBlob {
  const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
  return { id: 1, digest, size: body.length, key: 'there', offerTime: new Date() }
}

test.each(['sha256', 'sha512'] as const)('a small blob is read once: %s', async (algorithm) => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore({ there: body })
  const { read } = createSmallBodies(store.open)

  expect(await read(blobOf(body, algorithm))).toEqual(body)
  expect(await read(blobOf(body, algorithm))).toEqual(body)

  expect(store.opened).toEqual(['there'])
  expect(store.stillOpen()).toBe(0)
})

test('an empty blob is one', async () => {
  const { read } = createSmallBodies(openStore({ there: Buffer.alloc(0) }).open)

  expect(await read(blobOf(Buffer.alloc(0)))).toEqual(Buffer.alloc(0))
})

test('what is damaged is not remembered: once the store is right, so is the answer', async () => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore({ there: Buffer.from('what nobody ever saw') })
  const { read } = createSmallBodies(store.open)

  expect(await read(blobOf(body))).toEqual(Buffer.from('what nobody ever saw'))
  store.objects.there = body

  expect(await read(blobOf(body))).toEqual(body)
})

test('what ends early is an error, and nothing is left open', async () => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore({ there: body.subarray(0, 9) })
  const { read } = createSmallBodies(store.open)

  await expect(read(blobOf(body))).rejects.toThrow('the object ends at byte 9')

  expect(store.stillOpen()).toBe(0)
})

test('a larger blob is not read into memory', () => {
  const store = openStore({})
  const { read } = createSmallBodies(store.open)

  expect(read({ ...blobOf(Buffer.alloc(0)), size: 64 * 1024 + 1 })).toBeUndefined()
  expect(store.opened).toEqual([])
})
