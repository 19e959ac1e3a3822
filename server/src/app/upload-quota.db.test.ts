import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { createArriving } from '../blobs/arriving.ts'
import { sha256 } from '../blobs/testing.ts'
import { openPassage } from '../blobs/unfinished.ts'
import { QuotaExceededError } from '../quotas/model.ts'
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

describe('unfinished uploads', () => {
  /** Four limits are how many such come to. */
  const MOST = 4
  const size = LIMIT - 50

  beforeEach(async () => {
    // Each chunk is looked at.
    Object.assign(program.uploads, { arriving: createArriving(1) })
    await sql`INSERT INTO projects (name, owner_id, storage_limit) SELECT 'q', owner_id, storage_limit FROM projects`.execute(
      world.db,
    )
  })

  /** Begins one and sends it so much. */
  async function leave(project = 'p') {
    const begun = await program.http.inject({ method: 'POST', url: `/v2/${project}/app/blobs/uploads/` })
    const place = String(begun.headers.location)
    const answer = await program.http.inject({
      method: 'PATCH',
      url: place,
      ...body(Buffer.alloc(size, 'x')),
    })
    return { place: place, answer }
  }

  async function fill() {
    const left = []
    for (let number = 0; number < MOST; number += 1) left.push(await leave())
    expect(left.map(({ answer }) => answer.statusCode)).toEqual(left.map(() => 202))
    return left
  }

  const there = async (place: string) => (await program.http.inject({ url: place })).statusCode === 204

  test('hold no more than a few times what the project may, and leave nothing of one more', async () => {
    const left = await fill()

    const more = await leave()
    const other = await leave('q')

    expect(more.answer.statusCode).toBe(403)
    expect(more.answer.json()).toMatchObject({
      errors: [
        { code: 'DENIED', message: expect.stringContaining('of unfinished uploads, which when updated') },
      ],
    })
    expect(await there(more.place)).toBe(false)
    expect(other.answer.statusCode).toBe(202)
    for (const { place } of left) expect(await there(place)).toBe(true)
    const states = await program.uploads.storage.staleUploads(new Date(Date.now() + 60_000), 100)
    expect(states).toHaveLength(MOST + 1)
  })

  test('make room when they are ended or cancelled', async () => {
    const [first, second] = await fill()

    const url = `${first?.answer.headers.location}&digest=${sha256(Buffer.alloc(size, 'x'))}`
    expect((await program.http.inject({ method: 'PUT', url })).statusCode).toBe(201)
    await world.db
      .updateTable('projects')
      .set({ storage_limit: 2 * LIMIT })
      .execute()
    await world.db.updateTable('projects').set({ storage_limit: LIMIT }).where('name', '=', 'q').execute()
    expect((await program.http.inject({ method: 'DELETE', url: second?.place ?? '' })).statusCode).toBe(204)

    expect((await leave()).answer.statusCode).toBe(202)
  })

  test('go, the oldest first, where nobody has touched them for a while', async () => {
    const [first, second, third] = await fill()
    const idOf = (place = '') => /[0-9a-f-]{36}/.exec(place)?.[0] ?? ''
    await sql`UPDATE uploads SET update_time = now() - interval '2 minutes'
      WHERE id IN (${idOf(second?.place)}, ${idOf(first?.place)})`.execute(world.db)
    await sql`UPDATE uploads SET update_time = now() - interval '3 minutes' WHERE id = ${idOf(second?.place)}`.execute(
      world.db,
    )

    const more = await leave()

    expect(more.answer.statusCode).toBe(202)
    expect(await there(second?.place ?? '')).toBe(false)
    expect(await there(first?.place ?? '')).toBe(true)
    expect(await there(third?.place ?? '')).toBe(true)
  })

  test('count while they come, and limits that do not hold bound nothing', async () => {
    const project = { id: await projectId('p'), storageLimit: LIMIT }
    const passages = Array.from({ length: MOST }, () => openPassage(program.uploads, project))
    for (const passage of passages) await passage.take(size)
    const late = openPassage(program.uploads, project)

    await expect(late.take(size)).rejects.toThrow(QuotaExceededError)
    late.end()
    await expect(late.expect(size)).rejects.toThrow(QuotaExceededError)
    Object.assign(program.uploads, { quotas: { enforced: () => false } })
    await late.expect(size)
    Object.assign(program.uploads, { quotas: { enforced: () => true } })
    passages[0]?.end()
    await late.expect(size)
  })

  test('are looked at once in so many bytes', async () => {
    await fill()
    Object.assign(program.uploads, { arriving: createArriving(2 * size) })

    const answers = [await leave(), await leave(), await leave()].map(({ answer }) => answer.statusCode)

    expect(answers).toEqual([202, 403, 202])
  })
})

async function projectId(name: string): Promise<number> {
  const { id } = await world.db
    .selectFrom('projects')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return id
}
