import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../blobs/testing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { guardDriver } from '../storage/guarded-driver.ts'
import { openProgram, type Program } from './testing/program.ts'
import { openWorld } from './testing/world.ts'

const world = await openWorld()
afterAll(world.drop)

let program: Program
let place: string
/** The first one to end an upload stands in the store, with all its locks, and goes on. */
let standing: PromiseWithResolvers<void>
let goesOn: PromiseWithResolvers<void>
/** A second one has a copy of what the first one writes to. */
let forked: PromiseWithResolvers<void>

beforeEach(async () => {
  await world.renew()
  standing = Promise.withResolvers()
  goesOn = Promise.withResolvers()
  forked = Promise.withResolvers()
  const memory = await openMemoryDriver()
  const driver: StorageDriver = {
    ...memory,
    async finishUpload(...args) {
      standing.resolve()
      await goesOn.promise
      return await memory.finishUpload(...args)
    },
    async forkUpload(...args) {
      const fork = await memory.forkUpload(...args)
      forked.resolve()
      return fork
    },
  }
  program = await openProgram(world.db, guardDriver(driver))
  const begun = await program.http.inject({ method: 'POST', url: '/v2/p/app/blobs/uploads/' })
  place = String(begun.headers.location)
})

const end = (bytes: Buffer, digest = sha256(bytes), to = place) =>
  program.http.inject({
    method: 'PUT',
    url: `${to}&digest=${digest}`,
    headers: { 'content-length': String(bytes.length) },
    payload: bytes,
  })

test('an upload that is ended again while it is being ended answers 201 to both', async () => {
  const bytes = Buffer.from('sent twice')
  const first = end(bytes)
  await standing.promise
  const second = end(bytes)
  await forked.promise
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 201])
  expect(two.headers.location).toBe(one.headers.location)
  expect(two.headers).not.toHaveProperty('range')
  const pulled = await program.http.inject({ url: `/v2/p/app/blobs/${sha256(bytes)}` })
  expect(pulled.rawPayload).toEqual(bytes)
})

test('whoever is overtaken and would end it with something else is told where it stands', async () => {
  const first = end(Buffer.from('sent once'))
  await standing.promise
  const second = end(Buffer.from('another one'))
  await forked.promise
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 416])
  expect(two.headers).toMatchObject({ location: expect.any(String), range: '0-0' })
})

test('an upload that stands elsewhere than its end begins is not over, whatever else is there', async () => {
  goesOn.resolve()
  const bytes = Buffer.from('there already')
  expect((await end(bytes)).statusCode).toBe(201)
  const begun = await program.http.inject({ method: 'POST', url: '/v2/p/app/blobs/uploads/' })
  const other = String(begun.headers.location)

  const answer = await program.http.inject({
    method: 'PUT',
    url: `${other}&digest=${sha256(bytes)}`,
    headers: { 'content-length': '5', 'content-range': '7-11' },
    payload: 'ready',
  })
  const unknown = await end(Buffer.from('x'), sha256('x'), other.replace(/[0-9a-f-]{36}/, randomUUID()))

  expect(answer.statusCode).toBe(416)
  expect(unknown.statusCode).toBe(404)
})
