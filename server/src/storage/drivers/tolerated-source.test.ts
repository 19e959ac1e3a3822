import { expect, test } from 'vitest'
import { readAll, sourceOf } from '../suite/bytes.ts'
import { tolerateSource } from './tolerated-source.ts'

test('passes on what the source yields, and has nothing to say of it', async () => {
  const tolerated = tolerateSource(sourceOf([Buffer.from('ab'), Buffer.from('c')]))

  const bytes = await readAll(tolerated.chunks)

  expect(bytes.toString()).toBe('abc')
  expect(tolerated.outcome()).toEqual({})
})

test('ends where the source fails, and keeps the reason, even if that is undefined', async () => {
  async function* source() {
    yield Buffer.from('ab')
    throw undefined
  }
  const tolerated = tolerateSource(source())

  const bytes = await readAll(tolerated.chunks)

  expect(bytes.toString()).toBe('ab')
  expect(tolerated.outcome()).toEqual({ failure: undefined })
})

test('closes the source when whoever iterates stops', async () => {
  let closed = false
  async function* source() {
    try {
      for (;;) yield Buffer.from('more')
    } finally {
      closed = true
    }
  }
  const tolerated = tolerateSource(source())

  const stopping = (async () => {
    for await (const chunk of tolerated.chunks) throw new Error(`no room for ${chunk}`)
  })()

  await expect(stopping).rejects.toThrow('no room for more')
  expect(closed).toBe(true)
  expect(tolerated.outcome()).toEqual({})
})
