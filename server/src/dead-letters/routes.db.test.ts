import { afterAll, beforeEach, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { insertDeadLetter } from '../platform/events/dead-letter-store.ts'
import type { Subscriber } from '../platform/events/subscriber.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { addUser } from '../users/testing.ts'
import { deadLettersRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(await addUser(db, 'ann'))
const heard: number[] = []
let failing: number | undefined
const subscriber: Subscriber = {
  name: 'listener',
  types: ['thing.made'],
  async handle(_tx, events) {
    if (events.some(({ id }) => id === failing)) throw new Error('still broken')
    heard.push(...events.map(({ id }) => id))
  },
}

const app = await buildRest({
  routes: [deadLettersRoutes({ db, subscribers: [subscriber] })],
  decide,
  decideEverywhere,
  projectContext: async () => undefined,
})

beforeEach(async () => {
  heard.length = 0
  failing = undefined
  for (const table of ['event_dead_letters', 'events'] as const) await db.deleteFrom(table).execute()
})
afterAll(async () => {
  await app.close()
  await drop()
})

async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, headers = ADMIN, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v2.0/system/events/${path}`,
    headers,
    ...(payload && { payload }),
  })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: answer.body === '' ? undefined : answer.json(),
  }
}

async function putAside(...eventIds: number[]): Promise<number[]> {
  for (const id of eventIds) {
    const event = { id, type: 'thing.made', payload: { name: `n${id}` }, occurrenceTime: new Date() }
    await insertDeadLetter(db, 'listener', event, { error: 'broken', attempts: 8 })
  }
  const { json } = await ask('GET', 'dead-letters?sort=event_id')
  return json.map((letter: { id: number }) => letter.id)
}

test('administrators see dead letters with their events and errors, filtered and in pages', async () => {
  await putAside(3, 1, 2)

  const { status, headers, json } = await ask(
    'GET',
    'dead-letters?q=event_id=[2~]&sort=-event_id&page_size=1',
  )

  expect(status).toBe(200)
  expect(headers['x-total-count']).toBe('2')
  expect(json).toMatchObject([
    {
      subscriber: 'listener',
      event_id: 3,
      event_type: 'thing.made',
      payload: { name: 'n3' },
      error: 'broken',
      attempts: 8,
    },
  ])
})

test('one is replayed, and told', async () => {
  const [id] = await putAside(7)

  const first = await ask('POST', `dead-letters/${id}/replay`)
  const second = await ask('POST', `dead-letters/${id}/replay`)

  expect([first.status, second.status]).toEqual([200, 404])
  expect(heard).toEqual([7])
  expect(await eventTypes(db)).toEqual(['dead_letter.replayed'])
})

test('one that fails again stays, with its new error', async () => {
  const [id] = await putAside(7)
  failing = 7

  const { status, json } = await ask('POST', `dead-letters/${id}/replay`)

  expect(status).toBe(409)
  expect(json.errors[0].message).toContain('still broken')
  expect((await ask('GET', 'dead-letters')).json).toMatchObject([
    { error: 'Error: still broken', attempts: 9 },
  ])
})

test('all of a subscriber are replayed in order, up to the first that fails', async () => {
  await putAside(5, 4, 6, 9)
  failing = 6

  const { status, json } = await ask('POST', 'dead-letters/replay', ADMIN, { subscriber: 'listener' })
  failing = undefined
  const rest = await ask('POST', 'dead-letters/replay', ADMIN, { subscriber: 'listener' })

  expect(status).toBe(200)
  expect(json).toEqual({ replayed: 2, remaining: 2, error: expect.stringContaining('still broken') })
  expect(rest.json).toEqual({ replayed: 2, remaining: 0 })
  expect(heard).toEqual([4, 5, 6, 9])
  expect((await ask('POST', 'dead-letters/replay', ADMIN, { subscriber: 'nobody' })).status).toBe(404)
})

test('one is given up', async () => {
  const [id] = await putAside(7)

  const first = await ask('DELETE', `dead-letters/${id}`)
  const second = await ask('DELETE', `dead-letters/${id}`)

  expect([first.status, second.status]).toEqual([200, 404])
  expect(heard).toEqual([])
  expect(await eventTypes(db)).toEqual(['dead_letter.discarded'])
})

test('subscribers tell how they get on', async () => {
  await db.insertInto('event_subscribers').values({ name: 'listener', done_xid: '1' }).execute()
  await putAside(7)

  const { json } = await ask('GET', 'subscribers')

  expect(json).toEqual([
    {
      name: 'listener',
      behind: 0,
      failures: 0,
      dead_letters: 1,
      gap_begin: expect.any(String),
      gap_end: expect.any(String),
    },
  ])
})

test('nobody else may see or do any of it', async () => {
  const [id] = await putAside(7)

  const refused = await Promise.all([
    ask('GET', 'subscribers', ANN),
    ask('GET', 'dead-letters', ANN),
    ask('POST', 'dead-letters/replay', ANN, { subscriber: 'listener' }),
    ask('POST', `dead-letters/${id}/replay`, ANN),
    ask('DELETE', `dead-letters/${id}`, ANN),
    ask('GET', 'dead-letters', {}),
  ])

  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 401])
  expect(heard).toEqual([])
})
