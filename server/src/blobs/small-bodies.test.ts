import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { StoredBlob } from './model.ts'
import { createSmallBodies } from './small-bodies.ts'

/** A store of one object, and what was read of it. */
function openStore(object: Buffer) {
  const store = {
    object,
    reads: [] as string[],
    async read({ digest }: StoredBlob) {
      store.reads.push(digest)
      return store.object
    },
  }
  return store
}

function blobOf(body: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): StoredBlob {
  const digest = `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`
  return { id: 1, digest, size: body.length, key: 'there', offerTime: new Date() }
}

test.each(['sha256', 'sha512'] as const)('a small blob is read once: %s', async (algorithm) => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore(body)
  const { read } = createSmallBodies(store.read)
  const blob = blobOf(body, algorithm)

  expect(await read(blob)).toEqual(body)
  expect(await read(blob)).toEqual(body)

  expect(store.reads).toEqual([blob.digest])
})

test('an empty blob is one', async () => {
  const { read } = createSmallBodies(openStore(Buffer.alloc(0)).read)

  expect(await read(blobOf(Buffer.alloc(0)))).toEqual(Buffer.alloc(0))
})

test('what is damaged is not remembered: once the store is right, so is the answer', async () => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore(Buffer.from('what nobody ever saw'))
  const { read } = createSmallBodies(store.read)

  expect(await read(blobOf(body))).toEqual(Buffer.from('what nobody ever saw'))
  store.object = body

  expect(await read(blobOf(body))).toEqual(body)
})

test('what cannot be read is an error, and is read again', async () => {
  const body = Buffer.from('what everybody pulls')
  const store = openStore(body)
  const outcomes = [() => Promise.reject(new Error('gone')), store.read]
  const { read } = createSmallBodies(async (blob) => await (outcomes.shift() ?? store.read)(blob))

  await expect(read(blobOf(body))).rejects.toThrow('gone')

  expect(await read(blobOf(body))).toEqual(body)
})

test('many blobs of hardly any bytes are forgotten too: each takes more than its bytes', async () => {
  const count = 20_000
  const store = openStore(Buffer.alloc(0))
  const { read } = createSmallBodies(store.read)
  const bodies = Array.from({ length: count }, (_, index) => Buffer.from(String(index)))
  const pull = async (body: Buffer) => {
    store.object = body
    await read(blobOf(body))
  }
  for (const body of bodies) await pull(body)

  await pull(bodies[0] as Buffer)
  await pull(bodies[count - 1] as Buffer)

  expect(store.reads).toHaveLength(count + 1)
})

test('a larger blob is not read into memory', () => {
  const store = openStore(Buffer.alloc(0))
  const { read } = createSmallBodies(store.read)

  expect(read({ ...blobOf(Buffer.alloc(0)), size: 64 * 1024 + 1 })).toBeUndefined()
  expect(store.reads).toEqual([])
})
