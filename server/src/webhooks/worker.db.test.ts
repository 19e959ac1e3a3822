import { randomUUID } from 'node:crypto'
import { type KyselyPlugin, sql } from 'kysely'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { secretBox } from '../platform/crypto/secret-box.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { addUser } from '../users/testing.ts'
import { readState, replay } from './deliveries/service.ts'
import { takeLane } from './lane-store.ts'
import { createPolicy } from './service.ts'
import { policyRequest } from './testing.ts'
import { many, openStage, tagsOf } from './testing-stage.ts'
import { createWebhookWorker } from './worker.ts'

const { db, drop } = await createTestDatabase()
const ann = await addUser(db, 'ann')
const stage = openStage(db, ann)
const { deps, project, receiver, work, push, states } = stage

beforeEach(stage.begin)
afterEach(stage.end)
afterAll(async () => {
  await deps.outbound.close()
  await drop()
})

/** Makes hours of what has waited, and of how long its target has been down. */
async function letHoursPass(policyId: number): Promise<void> {
  const hours = sql`interval '2 hours'`
  await sql`UPDATE webhook_deliveries SET queue_time = queue_time - ${hours} WHERE policy_id = ${policyId}`.execute(
    db,
  )
  await sql`UPDATE webhook_lanes SET failing_since = failing_since - ${hours} WHERE policy_id = ${policyId}`.execute(
    db,
  )
}

test('what happens arrives, in order and in Harbor’s words', async () => {
  const target = await receiver()
  await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  work()

  await push('v1', 'v2')
  await push('v3')

  await expect.poll(() => tagsOf(target)).toEqual(['v1', 'v2', 'v3'])
  expect(JSON.parse(target.heard[0]?.body ?? '')).toEqual({
    type: 'PUSH_ARTIFACT',
    occur_at: expect.any(Number),
    operator: 'ann',
    event_data: {
      resources: [{ digest: 'sha256:aa', tag: 'v1', resource_url: `registry.test/${project.name}/app:v1` }],
      repository: {
        date_created: expect.any(Number),
        name: 'app',
        namespace: project.name,
        repo_full_name: `${project.name}/app`,
        repo_type: 'private',
      },
    },
  })
})

test('a receiver that is down for a while gets everything, in order, once it is back', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  target.answer((call) => (call <= 5 ? 503 : 200))
  work()

  await push(...many(30))

  await expect.poll(() => tagsOf(target)).toEqual(many(30))
  // The receiver has it before the outcome is written down.
  await expect
    .poll(() => states(id))
    .toEqual([
      { status: 'Success', attempts: 6, status_message: '' },
      ...many(29).map(() => ({ status: 'Success', attempts: 1, status_message: '' })),
    ])
})

test('a target that stays down holds up itself alone, ends in dead letters, and is replayed in order', async () => {
  const gone = await receiver()
  const port = Number(new URL(gone.url).port)
  await gone.close()
  const other = await receiver()
  const down = await createPolicy(deps, project, policyRequest('down', gone.url), ann)
  await createPolicy(deps, project, policyRequest('up', other.url), ann)
  work()

  await push(...many(5))
  await expect.poll(() => tagsOf(other)).toEqual(many(5))
  const failing = async () => (await readState(deps, project.id, down)).targets[0]?.failingSince
  await expect.poll(failing).toBeInstanceOf(Date)
  const before = await readState(deps, project.id, down)
  await letHoursPass(down)
  await expect.poll(async () => (await readState(deps, project.id, down)).dead).toBe(5)
  await push('v5')
  const between = await readState(deps, project.id, down)
  const replayed = await replay(deps, project, down, ann)
  const back = await receiver(port)

  await expect.poll(() => tagsOf(back).sort()).toEqual(many(6))
  // What waited may have been on its way already; those that come again keep their order.
  expect(tagsOf(back).filter((tag) => tag !== 'v5')).toEqual(many(5))
  expect(before).toMatchObject({ waiting: 5, dead: 0, targets: [{ failingSince: expect.any(Date) }] })
  expect(between).toMatchObject({ waiting: 1, dead: 5, gapBegin: expect.any(Date), gapEnd: expect.any(Date) })
  expect(replayed).toBe(5)
  expect(tagsOf(other)).toEqual(many(6))
  await expect
    .poll(() => readState(deps, project.id, down))
    .toMatchObject({
      waiting: 0,
      dead: 0,
      targets: [{ failures: 0 }],
    })
})

test('what can never be sent ends in dead letters too', async () => {
  const target = await receiver()
  const request = policyRequest('hook', target.url, {}, { authHeader: 'Basic x' })
  const id = await createPolicy(deps, project, request, ann)
  // Sealed by a key that is lost.
  work({ giveUpSeconds: 1, box: secretBox(new Uint8Array(32).fill(1)) })

  await push('v0', 'v1')

  await expect
    .poll(() => states(id))
    .toEqual(
      many(2).map(() => ({ status: 'Error', attempts: 0, status_message: 'given up: it cannot be sent' })),
    )
  expect(target.heard).toEqual([])
})

test('what came while a target was down for too long, but waits not so long itself, is not given up', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  target.answer(() => 500)
  work()

  await push('v0')
  await expect.poll(async () => (await states(id))[0]?.attempts).toBeGreaterThan(0)
  await letHoursPass(id)
  await push('v1')
  await expect
    .poll(async () => (await states(id)).map(({ status }) => status))
    .toEqual(['Error', 'Scheduled'])
  target.answer(() => 200)

  await expect.poll(() => tagsOf(target)).toEqual(['v1'])
})

test('a message that the target refuses is given up after three attempts, and the next one follows', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  target.answer((_call, body) => (body.includes('"v1"') ? 422 : 200))
  work()

  await push('v0', 'v1', 'v2')

  await expect.poll(() => tagsOf(target)).toEqual(['v0', 'v2'])
  // The receiver has it before the outcome is written down.
  await expect
    .poll(() => states(id))
    .toEqual([
      { status: 'Success', attempts: 1, status_message: '' },
      { status: 'Error', attempts: 3, status_message: 'the target answered 422' },
      { status: 'Success', attempts: 1, status_message: '' },
    ])
})

test('several workers keep the order, and deliver each once', async () => {
  const target = await receiver()
  await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  for (let count = 0; count < 4; count += 1) work()

  for (const tag of many(40)) await push(tag)

  await expect.poll(() => target.heard.length).toBe(40)
  expect(tagsOf(target)).toEqual(many(40))
})

test('the lane of a worker that is silent is taken over', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await push('v0')
  const silent = await takeLane(db, randomUUID(), 3600)
  work()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const early = target.heard.length
  await db
    .updateTable('webhook_lanes')
    .set({ lease_time: new Date(0) })
    .where('policy_id', '=', id)
    .execute()

  await expect.poll(() => tagsOf(target)).toEqual(['v0'])

  expect(silent).toMatchObject({ policyId: id, target: 0 })
  expect(early).toBe(0)
})

test('a worker that loses its lane during a call writes no outcome', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  const called = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  target.answer(async (call) => {
    if (call > 1) return 200
    called.resolve()
    await gate.promise
    return 422
  })
  work()
  await push('v0')
  await called.promise

  await db
    .updateTable('webhook_lanes')
    .set({ lease_token: randomUUID(), lease_time: new Date(Date.now() + 500) })
    .where('policy_id', '=', id)
    .execute()
  gate.resolve()

  await expect.poll(() => tagsOf(target)).toEqual(['v0'])
  await expect.poll(() => states(id)).toEqual([{ status: 'Success', attempts: 1, status_message: '' }])
})

test('what is paused waits', async () => {
  const target = await receiver()
  await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await db.insertInto('paused_kinds').values({ kind: 'WEBHOOK' }).execute()
  work()

  await push('v1')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const before = target.heard.length
  await db.deleteFrom('paused_kinds').execute()

  await expect.poll(() => target.heard.length).toBe(1)
  expect(before).toBe(0)
})

test('whenever workers die, everything arrives in order, and each call again at most that was on its way', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await push(...many(40))
  const quick = { leaseSeconds: 0.4 }

  // Each does so many statements more than the one before it, and then nothing ever again.
  const deaths = 30
  for (let statements = 1; statements <= deaths; statements += 1) {
    const dying = dyingAfter(statements)
    const worker = createWebhookWorker({ ...deps, ...quick, db: dying.db })
    worker.start()
    await dying.dead
    await worker.stop()
  }
  work(quick)

  await expect.poll(async () => (await readState(deps, project.id, id)).waiting, { timeout: 20_000 }).toBe(0)
  const heard = tagsOf(target)
  expect([...new Set(heard)]).toEqual(many(40))
  expect(heard.map((tag) => Number(tag.slice(1)))).toEqual(
    heard.map((tag) => Number(tag.slice(1))).toSorted((a, b) => a - b),
  )
  expect(heard.length - 40).toBeLessThanOrEqual(deaths)
  expect((await states(id)).every(({ status }) => status === 'Success')).toBe(true)
}, 60_000)

/** A database that answers so many statements. */
function dyingAfter(statements: number): { db: typeof db; dead: Promise<void> } {
  const dead = Promise.withResolvers<void>()
  let left = statements
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      left -= 1
      if (left >= 0) return node
      dead.resolve()
      throw new Error('this process is dead')
    },
    transformResult: async ({ result }) => result,
  }

  return { db: db.withPlugin(plugin), dead: dead.promise }
}
