import { sql } from 'kysely'
import pino from 'pino'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../platform/db/testing.ts'
import type { StoredEvent } from '../../platform/events/subscriber.ts'
import { createAddressFinder } from '../../platform/outbound/host.ts'
import { certificate } from '../../platform/outbound/testing.ts'
import type { SendOptions } from '../../platform/syslog/send.ts'
import { type Receiver, receiveDatagrams, receiveStream } from '../../platform/syslog/testing.ts'
import { writePulls } from '../pulls.ts'
import { auditTrail } from '../subscribers.ts'
import { boundForwards } from './bound.ts'
import { checkEndpoint, createForwarder, forwardBatch } from './forwarder.ts'
import { countForwards } from './queue-store.ts'

const { db, drop } = await createTestDatabase()
const log = pino({ level: 'silent' })
const loopback = createAddressFinder({ allowNetworks: ['127.0.0.0/8'], allowHosts: ['localhost'] })
const send: SendOptions = { findAddress: loopback }
const deps = (endpoint: string, options: SendOptions = send) => ({
  db,
  log,
  endpoint: () => endpoint,
  send: options,
  delays: { poll: 20, longest: 100 },
})
let skip = false
const audit = {
  disabledTypes: async () => new Set<string>(),
  destinations: () => ({ forward: true, keep: !skip }),
}

beforeEach(async () => {
  skip = false
  await db.deleteFrom('audit_log').execute()
  await db.deleteFrom('audit_forwards').execute()
})
afterAll(drop)

const event = (username: string): StoredEvent => ({
  id: 1,
  type: 'user.created',
  payload: { username, actor: { id: 1, username: 'admin', address: '192.0.2.1' } },
  occurrenceTime: new Date('2026-01-02T03:04:05.000Z'),
})
const happen = (...names: string[]) =>
  db.transaction().execute((tx) => auditTrail(audit).handle(tx, names.map(event)))
const told = (receiver: Receiver) =>
  receiver.messages.map((message) => JSON.parse(message.slice(message.indexOf('{'))).resource as string)
const countOf = async (table: 'audit_log' | 'audit_forwards') =>
  (await db.selectFrom(table).select('id').execute()).length

const many = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `user-${from + at}`)

test('what happens is told to a receiver over TCP, once, and kept as well', async () => {
  const receiver = await receiveStream()
  await happen('ann', 'bob')

  const sent = await forwardBatch(deps(`127.0.0.1:${receiver.port}`))

  expect([sent, await forwardBatch(deps(`127.0.0.1:${receiver.port}`))]).toEqual([2, 0])
  expect(told(receiver)).toEqual(['ann', 'bob'])
  expect(receiver.messages[0]).toMatch(/^<110>1 2026-01-02T03:04:05\.000Z \S+ audit \d+ create_user - \{/)
  expect(JSON.parse(receiver.messages[0]?.replace(/^[^{]*/, '') ?? '')).toMatchObject({
    username: 'admin',
    source_ip: '192.0.2.1',
    description: 'create user with name: ann',
    succeeded: true,
  })
  expect([await countOf('audit_log'), await countOf('audit_forwards')]).toEqual([2, 0])
  await receiver.close()
})

test('over UDP, in datagrams', async () => {
  const receiver = await receiveDatagrams()
  await happen(...many(0, 50))

  await forwardBatch(deps(`udp://127.0.0.1:${receiver.port}`))

  await expect.poll(() => told(receiver)).toEqual(many(0, 50))
  await receiver.close()
})

test('over TLS, to those only whose certificate is trusted', async () => {
  const tls = certificate()
  const receiver = await receiveStream({ tls })
  await happen('ann')
  const endpoint = `tls://localhost:${receiver.port}`

  await expect(forwardBatch(deps(endpoint))).rejects.toThrow(/self-signed/)
  const before = [...receiver.messages]
  await forwardBatch(deps(endpoint, { ...send, ca: tls.cert }))

  expect(before).toEqual([])
  expect(told(receiver)).toEqual(['ann'])
  await receiver.close()
})

test('nothing goes into the log here where only the receiver is to have it', async () => {
  skip = true
  const receiver = await receiveStream()
  await happen('ann')

  await forwardBatch(deps(`tcp://127.0.0.1:${receiver.port}`))

  expect(told(receiver)).toEqual(['ann'])
  expect(await countOf('audit_log')).toBe(0)
  await receiver.close()
})

test('pulls are told too', async () => {
  const receiver = await receiveStream()
  const pull = { projectId: 1, projectName: 'p', repository: 'r', digest: 'sha256:1', address: '192.0.2.9' }
  await db
    .transaction()
    .execute((tx) => writePulls(audit, tx, [{ ...pull, actor: undefined, time: new Date() }]))

  await forwardBatch(deps(`tcp://127.0.0.1:${receiver.port}`))

  expect(told(receiver)).toEqual(['p/r@sha256:1'])
  await receiver.close()
})

test('a receiver that is away for a while gets everything in order, with two processes forwarding', async () => {
  const first = await receiveStream()
  const endpoint = `tcp://127.0.0.1:${first.port}`
  const forwarders = [createForwarder(deps(endpoint)), createForwarder(deps(endpoint))]
  for (const forwarder of forwarders) forwarder.start()

  await happen(...many(0, 300))
  await expect.poll(() => first.messages.length).toBe(300)
  await first.close()
  await happen(...many(300, 700))
  await happen(...many(700, 900))
  await expect.poll(() => countOf('audit_forwards')).toBe(600)
  const second = await receiveStream({ port: first.port })
  await expect.poll(() => second.messages.length).toBe(600)
  for (const forwarder of forwarders) await forwarder.stop()

  expect(told(first)).toEqual(many(0, 300))
  expect(told(second)).toEqual(many(300, 900))
  expect(await countOf('audit_forwards')).toBe(0)
  await second.close()
})

test('what a receiver has dropped on the way is sent again', async () => {
  const dropping = await receiveStream({ onConnection: (socket) => socket.resetAndDestroy() })
  await happen('ann')

  await expect(forwardBatch(deps(`tcp://127.0.0.1:${dropping.port}`))).rejects.toThrow()
  await dropping.close()

  expect(await countOf('audit_forwards')).toBe(1)
})

test('of what waits for a receiver that does not come back the oldest entries are dropped, and told of', async () => {
  const lines: string[] = []
  const loud = pino({ level: 'error' }, { write: (line) => lines.push(line) })
  const dropped: number[] = []
  const bound = (most: number) =>
    boundForwards({ db, log: loud, onDropped: (count) => dropped.push(count) }, most)
  await happen(...many(0, 30))
  await bound(30)
  const untouched = [...dropped]
  await bound(10)
  await bound(10)
  const receiver = await receiveStream()
  await forwardBatch(deps(`tcp://127.0.0.1:${receiver.port}`))

  expect([untouched, dropped]).toEqual([[], [20]])
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ entries: 20 })
  expect(told(receiver)).toEqual(many(20, 30))
  // The log here has all of them.
  expect(await countOf('audit_log')).toBe(30)
  await receiver.close()
})

test('more than a batch of them too', async () => {
  await sql`INSERT INTO audit_forwards (entry) SELECT '{}' FROM generate_series(1, 25000)`.execute(db)

  await boundForwards({ db, log }, 100)

  expect(await countForwards(db, 1000)).toBe(100)
})

test('receivers that are none, are not there or must not be called are refused', async () => {
  const receiver = await receiveStream()
  await checkEndpoint(`127.0.0.1:${receiver.port}`, send)
  await receiver.close()

  const refused = (endpoint: string, options = send) =>
    expect(checkEndpoint(endpoint, options)).rejects.toMatchObject({ kind: 'bad-request' })
  await refused(`127.0.0.1:${receiver.port}`)
  await refused('nonsense')
  await refused('http://127.0.0.1:80')
  await refused('udp://10.0.0.1:514')
  await refused(`127.0.0.1:${receiver.port}`, {
    findAddress: createAddressFinder({ allowNetworks: [], allowHosts: [] }),
  })
})

test('an entry is told within bounds, whatever it holds, and stays JSON', async () => {
  const receiver = await receiveDatagrams()
  await happen('ü\u0001'.repeat(500))

  await forwardBatch(deps(`udp://127.0.0.1:${receiver.port}`))

  await expect.poll(() => receiver.messages.length).toBe(1)
  expect(Buffer.byteLength(receiver.messages[0] ?? '')).toBeLessThanOrEqual(2048)
  expect(told(receiver)[0]).toMatch(/^ü/)
  await receiver.close()
})
