import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../db/testing.ts'
import { selectDeadLetters, selectSubscriberStates } from './dead-letter-store.ts'
import { discardDeadLetter, replayDeadLetter } from './dead-letters.ts'
import { createDispatcher, deliver } from './dispatcher.ts'
import type { Patience } from './hand-over.ts'
import { deleteDoneEvents, registerSubscriber } from './progress.ts'
import type { StoredEvent, Subscriber } from './subscriber.ts'
import { writeEvent } from './testing.ts'

const log = pino({ level: 'silent' })
const IMPATIENT: Patience = { attempts: 5, seconds: 0 }
let database: TestDatabase
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  for (const table of ['event_dead_letters', 'event_subscribers', 'events', 'settings'] as const) {
    await database.db.deleteFrom(table).execute()
  }
})

const nameOf = (event: StoredEvent) => String(event.payload.name)

/** A subscriber that writes what it takes into a table, and fails at what `fails` says. */
async function subscribe(fails: (name: string) => unknown) {
  const name = `subscriber-${count++}`
  const subscriber: Subscriber = {
    name,
    types: ['thing.made'],
    async handle(tx, events) {
      for (const event of events) {
        await tx
          .insertInto('settings')
          .values({ name: `${name}-${nameOf(event)}`, value: '1' })
          .execute()
        const failure = fails(nameOf(event))
        if (failure) throw failure
      }
    },
  }
  await registerSubscriber(database.db, name)
  /** One look that does not wait for the time of the next attempt. */
  const look = async (patience = IMPATIENT) => {
    await database.db.updateTable('event_subscribers').set({ retry_time: null }).execute()
    while (await deliver({ db: database.db, log, patience }, subscriber));
  }
  const taken = async () => {
    const rows = await database.db.selectFrom('settings').select('name').orderBy('update_time').execute()
    return rows.filter((row) => row.name.startsWith(`${name}-`)).map((row) => row.name.slice(name.length + 1))
  }
  return { name, subscriber, look, taken }
}

async function make(...names: string[]): Promise<void> {
  for (const name of names) {
    await database.db.transaction().execute((tx) => writeEvent(tx, { type: 'thing.made', payload: { name } }))
  }
}

const letters = async () =>
  (await selectDeadLetters(database.db, { filters: [], orders: [], page: { offset: 0, limit: 100 } })).letters

const broken = new Error('cannot take this')

test('an event that always fails holds up what is behind it for a while, and is then put aside', async () => {
  const { look, taken, name } = await subscribe((thing) => thing === 'bad' && broken)
  await make('a', 'b', 'bad', 'c', 'd')

  for (let round = 0; round < 4; round += 1) await look()
  const held = [...(await taken())]
  const before = await letters()
  for (let round = 0; round < 6; round += 1) await look()

  expect(held).toEqual(['a', 'b'])
  expect(before).toEqual([])
  expect(await taken()).toEqual(['a', 'b', 'c', 'd'])
  expect(await letters()).toMatchObject([
    {
      subscriber: name,
      event: { type: 'thing.made', payload: { name: 'bad' } },
      error: 'Error: cannot take this',
      attempts: 5,
    },
  ])
  const states = await selectSubscriberStates(database.db, 100)
  expect(states).toMatchObject([
    { name, deadLetters: 1, failures: 0, failingSince: null, behind: 0, gapBegin: expect.any(Date) },
  ])
})

test('others hear everything meanwhile', async () => {
  const bad = await subscribe(() => broken)
  const good = await subscribe(() => undefined)
  const dispatcher = createDispatcher({
    db: database.db,
    log,
    subscribers: [bad.subscriber, good.subscriber],
    pollMilliseconds: 20,
    patience: { attempts: 5, seconds: 3600 },
  })
  await dispatcher.start()

  await make('a', 'b', 'c')

  await expect.poll(good.taken).toEqual(['a', 'b', 'c'])
  await dispatcher.stop()
  expect(await bad.taken()).toEqual([])
  expect(await letters()).toEqual([])
})

test('patience is a matter of attempts and of time', async () => {
  const { look } = await subscribe(() => broken)
  await make('bad')

  for (let round = 0; round < 12; round += 1) await look({ attempts: 5, seconds: 3600 })

  expect(await letters()).toEqual([])
})

test('that the database is away is never the fault of an event', async () => {
  const { look, taken } = await subscribe(
    (thing) => thing === 'b' && Object.assign(new Error('disk full'), { code: '53100' }),
  )
  await make('a', 'b', 'c')

  for (let round = 0; round < 12; round += 1) await look()

  expect(await letters()).toEqual([])
  expect(await taken()).toEqual(['a'])
})

test('several that fail are put aside one after the other, each with attempts of its own', async () => {
  const { look, taken } = await subscribe((thing) => thing.startsWith('bad') && broken)
  await make('bad1', 'a', 'bad2', 'b', 'bad3')

  for (let round = 0; round < 20; round += 1) await look()

  expect(await taken()).toEqual(['a', 'b'])
  expect((await letters()).map(({ event, attempts }) => [nameOf(event), attempts])).toEqual([
    ['bad1', 5],
    ['bad2', 5],
    ['bad3', 5],
  ])
})

test('an event that comes to itself is taken once and is no dead letter', async () => {
  let failures = 4
  const { look, taken } = await subscribe((thing) => thing === 'slow' && failures-- > 0 && broken)
  await make('a', 'slow', 'b')

  for (let round = 0; round < 6; round += 1) await look()

  expect(await taken()).toEqual(['a', 'slow', 'b'])
  expect(await letters()).toEqual([])
})

test('a replay takes the event once, and keeps the letter where it fails again', async () => {
  let repaired = false
  const { subscriber, look, taken } = await subscribe((thing) => thing === 'bad' && !repaired && broken)
  await make('bad', 'a')
  for (let round = 0; round < 6; round += 1) await look()
  const [letter] = await letters()
  const told: string[] = []
  const replay = () =>
    replayDeadLetter(database.db, [subscriber], letter?.id ?? 0, async (_tx, { event }) => {
      told.push(nameOf(event))
    })

  const first = await replay()
  const kept = await letters()
  repaired = true
  const outcomes = await Promise.all([replay(), replay()])

  expect(first).toMatchObject({ kind: 'failed', error: 'Error: cannot take this' })
  expect(kept).toMatchObject([{ attempts: 6 }])
  expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['absent', 'done'])
  expect(told).toEqual(['bad'])
  expect(await taken()).toEqual(['a', 'bad'])
  expect(await letters()).toEqual([])
})

test('a letter of a subscriber that is no more stays, until somebody gives it up', async () => {
  const { look } = await subscribe(() => broken)
  await make('bad')
  for (let round = 0; round < 6; round += 1) await look()
  const [letter] = await letters()
  const id = letter?.id ?? 0

  const orphaned = await replayDeadLetter(database.db, [], id, async () => undefined)
  const given = await discardDeadLetter(database.db, id, async () => undefined)

  expect(orphaned.kind).toBe('orphaned')
  expect(given).toMatchObject({ id })
  expect(await letters()).toEqual([])
})

test('a letter keeps the event when the outbox has forgotten it', async () => {
  const { look } = await subscribe((thing) => thing === 'bad' && broken)
  await make('bad', 'a')
  for (let round = 0; round < 6; round += 1) await look()
  await sleep(5)

  await deleteDoneEvents(database.db, 0)

  expect(await database.db.selectFrom('events').select('id').execute()).toEqual([])
  expect(await letters()).toMatchObject([{ event: { payload: { name: 'bad' } } }])
})
