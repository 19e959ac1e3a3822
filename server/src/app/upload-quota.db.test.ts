import { afterAll, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../blobs/testing.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { guardDriver } from '../storage/guarded-driver.ts'
import { openProgram, type Program } from './testing/program.ts'
import { openWorld } from './testing/world.ts'

const LIMIT = 1000
const world = await openWorld()
afterAll(world.drop)

let program: Program

beforeEach(async () => {
  await world.renew()
  await world.db.updateTable('projects').set({ storage_limit: LIMIT }).execute()
  program = await openProgram(world.db, guardDriver({ ...(await openMemoryDriver()), putsUpTo: 2 * LIMIT }))
})

const body = (bytes: Buffer) => ({ headers: { 'content-length': String(bytes.length) }, payload: bytes })

/** All in one request. */
const whole = (bytes: Buffer, digest = sha256(bytes)) =>
  program.http.inject({ method: 'POST', url: `/v2/p/app/blobs/uploads/?digest=${digest}`, ...body(bytes) })

/** A session that ends with all of it. */
async function session(bytes: Buffer, digest = sha256(bytes)) {
  const begun = await program.http.inject({ method: 'POST', url: '/v2/p/app/blobs/uploads/' })
  const url = `${begun.headers.location}&digest=${digest}`
  return await program.http.inject({ method: 'PUT', url, ...body(bytes) })
}

test.each([
  ['in one request', whole],
  ['in a session', session],
])('a blob that is there already may come again %s, however full the project is', async (_, push) => {
  const bytes = Buffer.alloc(LIMIT, 'a')
  expect((await push(bytes)).statusCode).toBe(201)

  const again = await push(bytes)

  expect(again.statusCode).toBe(201)
})

test.each([
  ['in one request', whole],
  ['in a session', session],
])('but nothing larger may come %s under its digest', async (_, push) => {
  const small = Buffer.alloc(LIMIT / 10, 'a')
  expect((await push(small)).statusCode).toBe(201)

  const large = await push(Buffer.alloc(LIMIT, 'b'), sha256(small))

  expect(large.statusCode).toBe(403)
  expect(large.json()).toMatchObject({ errors: [{ code: 'DENIED' }] })
})
