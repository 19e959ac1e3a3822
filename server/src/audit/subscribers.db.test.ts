import pino from 'pino'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { deliver } from '../platform/events/dispatcher.ts'
import { emit } from '../platform/events/outbox.ts'
import { registerSubscriber } from '../platform/events/progress.ts'
import type { Subscriber } from '../platform/events/subscriber.ts'
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
      await emit(tx, { type: 'user.created', payload })
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
