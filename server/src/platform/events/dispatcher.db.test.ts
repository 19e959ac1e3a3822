import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../db/testing.ts'
import { createDispatcher, deliver } from './dispatcher.ts'
import { deleteDoneEvents, findPendingSubscribers, passOver, registerSubscriber } from './progress.ts'
import type { StoredEvent, Subscriber } from './subscriber.ts'
import { writeEvent } from './testing.ts'
import { watchEvents } from './watch.ts'

const log = pino({ level: 'silent' })
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

async function subscribe(name: string, handle?: Subscriber['handle']) {
  const heard: string[] = []
  const subscriber: Subscriber = {
    name,
    types: ['thing.made'],
    handle:
      handle ??
      (async (_tx, events: readonly StoredEvent[]) => {
        heard.push(...events.map((event) => String(event.payload.name)))
      }),
  }
  await registerSubscriber(database.db, name)
  const drain = async () => {
    while (await deliver({ db: database.db, log }, subscriber));
  }
  return { heard, drain, subscriber }
}

function make(name: string, type = 'thing.made'): Promise<void> {
  return database.db.transaction().execute((tx) => writeEvent(tx, { type, payload: { name } }))
}

test('events are heard once, in order, and only those asked for', async () => {
  const { heard, drain } = await subscribe('ordered')

  await make('first')
  await make('other', 'thing.broken')
  await make('second')
  await drain()
  await make('third')
  await drain()

  expect(heard).toEqual(['first', 'second', 'third'])
})

test('a subscriber that hears of something all the time keeps no other waiting', async () => {
  let goesOn = true
  const busy = await subscribe('busy', async () => {
    if (goesOn) await make('again')
  })
  const other = await subscribe('other')
  const subscribers = [busy.subscriber, other.subscriber]
  const dispatcher = createDispatcher({ db: database.db, log, subscribers, pollMilliseconds: 20 })
  await dispatcher.start()

  await make('first')
  try {
    await expect.poll(() => other.heard[0]).toBe('first')
  } finally {
    goesOn = false
    await dispatcher.stop()
  }
})

test('what was rolled back is never heard', async () => {
  const { heard, drain } = await subscribe('rolled-back')

  const failed = database.db.transaction().execute(async (tx) => {
    await writeEvent(tx, { type: 'thing.made', payload: { name: 'never' } })
    throw new Error('changed my mind')
  })
  await expect(failed).rejects.toThrow('changed my mind')
  await make('always')
  await drain()

  expect(heard).toEqual(['always'])
})

test('an event whose transaction commits late is not skipped by later ones', async () => {
  const { heard, drain } = await subscribe('late')
  const gate = Promise.withResolvers<void>()
  const emitted = Promise.withResolvers<void>()

  const late = database.db.transaction().execute(async (tx) => {
    await writeEvent(tx, { type: 'thing.made', payload: { name: 'late' } })
    emitted.resolve()
    await gate.promise
  })
  await emitted.promise
  await make('early')
  await drain()
  const before = [...heard]
  gate.resolve()
  await late
  await drain()

  expect(before).toEqual([])
  expect(heard).toEqual(['late', 'early'])
})

test('a subscriber that fails hears the same events again, and its writes are undone', async () => {
  let failures = 1
  const heard: string[] = []
  const { drain } = await subscribe('failing', async (tx, events) => {
    await tx
      .insertInto('settings')
      .values({ name: `seen-${failures}`, value: '1' })
      .execute()
    if (failures-- > 0) throw new Error('not today')
    heard.push(...events.map((event) => String(event.payload.name)))
  })

  await make('stubborn')
  await drain()
  await database.db.updateTable('event_subscribers').set({ retry_time: null }).execute()
  await drain()

  expect(heard).toEqual(['stubborn'])
  expect(await database.db.selectFrom('settings').select('name').execute()).toEqual([{ name: 'seen-0' }])
})

test('two replicas never hand the same event out twice', async () => {
  const heard: string[] = []
  const { drain } = await subscribe('replicas', async (_tx, events) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    heard.push(...events.map((event) => String(event.payload.name)))
  })

  await make('a')
  await make('b')
  await Promise.all([drain(), drain(), drain()])
  await drain()

  expect(heard).toEqual(['a', 'b'])
})

test('more events than one batch holds all arrive, and are removed when everybody is done', async () => {
  const { heard, drain } = await subscribe('many')

  await database.db.transaction().execute(async (tx) => {
    for (let index = 0; index < 1200; index += 1)
      await writeEvent(tx, { type: 'thing.made', payload: { name: index } })
  })
  await drain()
  await database.db.deleteFrom('event_subscribers').where('name', '!=', 'many').execute()
  await deleteDoneEvents(database.db, 0)

  expect(heard).toHaveLength(1200)
  expect(heard.at(-1)).toBe('1199')
  expect(await database.db.selectFrom('events').select('id').execute()).toEqual([])
})

test('what this process writes is heard long before the next poll, and once', async () => {
  const heard: string[] = []
  const arrived = Promise.withResolvers<void>()
  const subscriber: Subscriber = {
    name: 'awake',
    types: ['thing.made'],
    async handle(_tx, events) {
      heard.push(...events.map((event) => String(event.payload.name)))
      if (heard.length === 20) arrived.resolve()
    },
  }
  const dispatcher = createDispatcher({
    db: database.db,
    log,
    subscribers: [subscriber],
    pollMilliseconds: 3_600_000,
  })
  await dispatcher.start()
  const db = watchEvents(database.db, dispatcher.wake)

  for (let index = 0; index < 20; index += 1) {
    await db
      .transaction()
      .execute((tx) => writeEvent(tx, { type: 'thing.made', payload: { name: String(index) } }))
  }
  await arrived.promise
  await dispatcher.stop()

  expect(heard).toEqual(Array.from({ length: 20 }, (_, index) => String(index)))
})

test('who wants none of the newest events is taken past them without reading them, and misses nothing', async () => {
  await database.db.deleteFrom('event_subscribers').execute()
  const { heard, drain, subscriber } = await subscribe('quiet')
  const busy = await subscribe('busy')
  const wishes = [subscriber, { ...busy.subscriber, types: ['thing.broken'] }]
  const pending = async () =>
    Object.fromEntries(
      (await findPendingSubscribers(database.db, wishes)).map(({ name, wanted }) => [name, wanted]),
    )
  const gate = Promise.withResolvers<void>()
  const emitted = Promise.withResolvers<void>()

  await make('noise', 'thing.broken')
  const noisy = await pending()
  await passOver(database.db, wishes)
  const passed = await pending()
  const late = database.db.transaction().execute(async (tx) => {
    await writeEvent(tx, { type: 'thing.made', payload: { name: 'late' } })
    emitted.resolve()
    await gate.promise
  })
  await emitted.promise
  await make('more noise', 'thing.broken')
  await passOver(database.db, wishes)
  gate.resolve()
  await late
  await passOver(database.db, wishes)
  await make('wanted')
  await passOver(database.db, wishes)
  const waiting = await pending()
  await drain()

  expect(noisy).toEqual({ quiet: false, busy: true })
  expect(passed).toEqual({ busy: true })
  expect(waiting).toEqual({ quiet: true, busy: true })
  expect(heard).toEqual(['late', 'wanted'])
})
