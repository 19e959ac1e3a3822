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

/** What has come of the upload before its end. */
const SO_FAR = 'so far '

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
    async put(...args) {
      standing.resolve()
      await goesOn.promise
      await memory.put(...args)
    },
    async forkUpload(...args) {
      const fork = await memory.forkUpload(...args)
      forked.resolve()
      return fork
    },
  }
  program = await openProgram(world.db, guardDriver({ ...driver, putsUpTo: 100 }))
  const appended = await send('PATCH', await begin(), Buffer.from(SO_FAR))
  place = String(appended.headers.location)
})

async function begin(): Promise<string> {
  const begun = await program.http.inject({ method: 'POST', url: '/v2/p/app/blobs/uploads/' })
  return String(begun.headers.location)
}

const send = (method: 'PATCH' | 'PUT', url: string, bytes: Buffer) =>
  program.http.inject({ method, url, headers: { 'content-length': String(bytes.length) }, payload: bytes })

/** Ends it with its last bytes. */
const end = (rest: string) => send('PUT', `${place}&digest=${sha256(SO_FAR + rest)}`, Buffer.from(rest))

/** Ends one with all its bytes. */
const endWith = (to: string, bytes: Buffer, digest = sha256(bytes)) =>
  send('PUT', `${to}&digest=${digest}`, bytes)

test('an upload that is ended again while it is being ended answers 201 to both', async () => {
  const first = end('sent twice')
  await standing.promise
  const second = end('sent twice')
  await forked.promise
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 201])
  expect(two.headers.location).toBe(one.headers.location)
  expect(two.headers).not.toHaveProperty('range')
  const pulled = await program.http.inject({ url: `/v2/p/app/blobs/${sha256(`${SO_FAR}sent twice`)}` })
  expect(pulled.payload).toBe(`${SO_FAR}sent twice`)
})

test('whoever is overtaken and would end it with something else is told where it stands', async () => {
  const first = end('sent once')
  await standing.promise
  const second = end('another one')
  await forked.promise
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 416])
  expect(two.headers).toMatchObject({ location: expect.any(String), range: '0-6' })
})

test('one that is ended with all its bytes again meanwhile answers 201 to both', async () => {
  const [to, bytes] = [await begin(), Buffer.from('sent twice')]
  const first = endWith(to, bytes)
  await standing.promise
  const second = endWith(to, bytes)
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 201])
  expect(two.headers.location).toBe(one.headers.location)
  const pulled = await program.http.inject({ url: `/v2/p/app/blobs/${sha256(bytes)}` })
  expect(pulled.rawPayload).toEqual(bytes)
})

test('where something else was meant it has ended, with what came first', async () => {
  const to = await begin()
  const first = endWith(to, Buffer.from('sent once'))
  await standing.promise
  const second = endWith(to, Buffer.from('another one'))
  goesOn.resolve()

  const [one, two] = await Promise.all([first, second])

  expect([one.statusCode, two.statusCode]).toEqual([201, 404])
})

test('an upload that stands elsewhere than its end begins is not over, whatever else is there', async () => {
  goesOn.resolve()
  const bytes = Buffer.from('there already')
  expect((await endWith(await begin(), bytes)).statusCode).toBe(201)
  const other = await begin()

  const answer = await program.http.inject({
    method: 'PUT',
    url: `${other}&digest=${sha256(bytes)}`,
    headers: { 'content-length': '5', 'content-range': '7-11' },
    payload: 'ready',
  })
  const unknown = await endWith(other.replace(/[0-9a-f-]{36}/, randomUUID()), Buffer.from('x'), sha256('x'))

  expect(answer.statusCode).toBe(416)
  expect(unknown.statusCode).toBe(404)
})
