import pino from 'pino'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { replayDeadLetter } from '../platform/events/dead-letters.ts'
import { deliver } from '../platform/events/dispatcher.ts'
import { registerSubscriber } from '../platform/events/progress.ts'
import type { Subscriber } from '../platform/events/subscriber.ts'
import { writeEvent } from '../platform/events/testing.ts'
import { auditTrail } from './subscribers.ts'

const { db, drop } = await createTestDatabase()
const log = pino({ level: 'silent' })
const disabled = new Set<string>()
const trail = auditTrail({ disabledTypes: async () => disabled })
await registerSubscriber(db, trail.name)

beforeEach(async () => {
  await db.deleteFrom('audit_log').execute()
  disabled.clear()
})
afterAll(drop)

async function create(...names: string[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const username of names) {
      const payload = {
        username,
        password: 'Secret-1',
        actor: { id: 1, username: 'admin', address: '192.0.2.1' },
      }
      await writeEvent(tx, { type: 'user.created', payload })
    }
  })
}

async function drain(subscriber: Subscriber = trail): Promise<void> {
  while (await deliver({ db, log }, subscriber));
}

async function written(): Promise<string[]> {
  const rows = await db.selectFrom('audit_log').select('resource').orderBy('id').execute()
  return rows.map((row) => row.resource)
}

test('each event becomes one row, in order', async () => {
  await create('a', 'b')
  await create('c')

  await drain()
  await drain()

  expect(await written()).toEqual(['a', 'b', 'c'])
})

test('a crash between the rows and the progress neither loses nor doubles any', async () => {
  const crashing: Subscriber = {
    ...trail,
    async handle(tx, events) {
      await trail.handle(tx, events)
      throw new Error('the power is gone')
    },
  }
  await create('a', 'b')

  await drain(crashing)
  const afterCrash = await written()
  await db.updateTable('event_subscribers').set({ retry_time: null }).execute()
  await drain()

  expect(afterCrash).toEqual([])
  expect(await written()).toEqual(['a', 'b'])
})

test('what is turned off is not written', async () => {
  disabled.add('create_user')
  await create('a')
  await drain()
  disabled.clear()
  await create('b')
  await drain()

  expect(await written()).toEqual(['b'])
})

test('no column keeps a secret, and the row says from where', async () => {
  await create('a')

  await drain()

  const rows = await db.selectFrom('audit_log').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('Secret')
  expect(rows).toMatchObject([
    { username: 'admin', source_ip: '192.0.2.1', op_desc: 'create user with name: a', op_result: true },
  ])
})

test('a thousand events are a few batches', async () => {
  await create(...Array.from({ length: 1100 }, (_, index) => `user-${index}`))

  await drain()

  expect(await written()).toHaveLength(1100)
})

test('an entry that could not be written for long is written by a replay, with the time at which it happened', async () => {
  let broken = true
  const failing = auditTrail({
    disabledTypes: async () => {
      if (broken) throw new Error('settings are broken')
      return new Set()
    },
  })
  await create('held-up')
  await create('behind')
  for (let round = 0; round < 12; round += 1) {
    await db.updateTable('event_subscribers').set({ retry_time: null }).execute()
    await deliver({ db, log, patience: { attempts: 5, seconds: 0 } }, failing)
  }
  const before = await written()
  broken = false
  const letters = await db.selectFrom('event_dead_letters').selectAll().orderBy('event_id').execute()

  for (const { id } of letters) await replayDeadLetter(db, [failing], id, async () => undefined)

  expect(before).toEqual([])
  expect(await written()).toEqual(['held-up', 'behind'])
  const times = await db.selectFrom('audit_log').select('op_time').orderBy('id').execute()
  expect(times.map((row) => row.op_time)).toEqual(letters.map((letter) => letter.occurrence_time))
})
