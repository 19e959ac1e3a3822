import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { actOnQueue, listQueues } from '../jobs/queues/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import type { StoredEvent } from '../platform/events/subscriber.ts'
import { addProject, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { cleanUpDeliveries } from './clean-up.ts'
import { readState, redeliver, replay, sendTest } from './deliveries/service.ts'
import { takeLane } from './lane-store.ts'
import { webhookQueues } from './queues-store.ts'
import { createPolicy, removePolicy } from './service.ts'
import { tellPulls, webhookDeliveries, webhooksOfDeletedProjects } from './subscribers.ts'
import { openReceiver, policyRequest, type Receiver, webhooksDeps } from './testing.ts'
import { createWebhookWorker, type WebhookWorkerDeps } from './worker.ts'

const { db, drop } = await createTestDatabase()
const deps = webhooksDeps(db)
const ann = await addUser(db, 'ann')
const closing: (() => Promise<void>)[] = []
let project: { id: number; name: string }

beforeEach(async () => {
  const name = `p-${randomUUID()}`
  project = { id: await addProject(projectsDeps(db), ann, name), name }
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await db.deleteFrom('webhook_policies').execute()
})
afterAll(async () => {
  await deps.outbound.close()
  await drop()
})

async function receiver(port?: number): Promise<Receiver> {
  const opened = await openReceiver(port)
  closing.push(() => opened.close().catch(() => undefined))
  return opened
}

function work(more: Partial<WebhookWorkerDeps> = {}): void {
  const worker = createWebhookWorker({ ...deps, ...more })
  worker.start()
  closing.push(worker.stop)
}

/** Hands pushes of these tags to the subscriber, as the dispatcher does. */
async function push(...tags: string[]): Promise<void> {
  await hear(
    tags.map((tag) => ({
      type: 'artifact.pushed',
      payload: {
        projectId: project.id,
        projectName: project.name,
        repository: 'app',
        digest: 'sha256:aa',
        tags: [tag],
        actor: ann,
      },
    })),
  )
}

async function hear(events: Pick<StoredEvent, 'type' | 'payload'>[]): Promise<void> {
  const subscriber = webhookDeliveries(deps)
  await db.transaction().execute((tx) =>
    subscriber.handle(
      tx,
      events.map((event) => ({ id: 1, occurrenceTime: new Date(), ...event })),
    ),
  )
}

const tagsOf = ({ heard }: Receiver) =>
  heard.map(({ body }) => JSON.parse(body).event_data.resources[0].tag as string)

const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `v${from + index}`)

function states(policyId: number) {
  return db
    .selectFrom('webhook_deliveries')
    .select(['status', 'attempts', 'status_message'])
    .where('policy_id', '=', policyId)
    .orderBy('id')
    .execute()
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

  await expect.poll(() => tagsOf(target), { timeout: 10_000 }).toEqual(many(30))
  expect(await states(id)).toEqual([
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
  work({ giveUpSeconds: 1 })

  await push(...many(5))
  await expect.poll(() => tagsOf(other)).toEqual(many(5))
  const before = await readState(deps, project.id, down)
  await expect.poll(async () => (await readState(deps, project.id, down)).dead, { timeout: 10_000 }).toBe(5)
  await push('v5')
  const between = await readState(deps, project.id, down)
  const replayed = await replay(deps, project, down, ann)
  const back = await receiver(port)

  await expect.poll(() => tagsOf(back), { timeout: 10_000 }).toEqual(many(6))
  expect(before).toMatchObject({ waiting: 5, dead: 0, targets: [{ failingSince: expect.any(Date) }] })
  expect(between).toMatchObject({ waiting: 1, dead: 5, gapBegin: expect.any(Date), gapEnd: expect.any(Date) })
  expect(replayed).toBe(5)
  expect(tagsOf(other)).toEqual(many(6))
  expect(await readState(deps, project.id, down)).toMatchObject({
    waiting: 0,
    dead: 0,
    targets: [{ failures: 0 }],
  })
})

test('what came while a target was down for too long, but waits not so long itself, is not given up', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  target.answer(() => 500)
  work({ giveUpSeconds: 2 })

  await push('v0')
  await new Promise((resolve) => setTimeout(resolve, 1200))
  await push('v1')
  await expect
    .poll(async () => (await states(id)).map(({ status }) => status), { timeout: 5000 })
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
  expect(await states(id)).toEqual([
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

  await expect.poll(() => target.heard.length, { timeout: 10_000 }).toBe(40)
  expect(tagsOf(target)).toEqual(many(40))
})

test('the lane of a worker that is silent is taken over', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await push('v0')
  const silent = await takeLane(db, randomUUID(), 1)
  work()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const early = target.heard.length

  await expect.poll(() => tagsOf(target), { timeout: 5000 }).toEqual(['v0'])

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

  await expect.poll(() => tagsOf(target), { timeout: 5000 }).toEqual(['v0'])
  await expect.poll(() => states(id)).toEqual([{ status: 'Success', attempts: 1, status_message: '' }])
})

test('a call carries its headers and a signature over time and body', async () => {
  const target = await receiver()
  const secrets = { authHeader: 'Bearer token', headers: { 'X-Team': 'red' }, signingSecret: 'key' }
  await createPolicy(deps, project, policyRequest('hook', target.url, {}, secrets), ann)
  work()

  await push('v1')
  await expect.poll(() => target.heard.length).toBe(1)

  const [{ headers, body } = { headers: {}, body: '' }] = target.heard
  const timestamp = String(headers['x-portolan-timestamp'])
  const expected = createHmac('sha256', 'key').update(`${timestamp}.${body}`).digest('hex')
  expect(headers).toMatchObject({
    authorization: 'Bearer token',
    'x-team': 'red',
    'content-type': 'application/json',
    'x-portolan-event': 'PUSH_ARTIFACT',
    'x-portolan-delivery': expect.stringMatching(/^\d+$/),
    'x-portolan-signature': `v1=${expected}`,
  })
  expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60)
})

test('filters leave out other repositories and tags, and what is disabled hears nothing', async () => {
  const target = await receiver()
  const ids = await Promise.all([
    createPolicy(deps, project, policyRequest('tags', target.url, { tagPattern: 'v*' }), ann),
    createPolicy(
      deps,
      project,
      policyRequest('repositories', target.url, { repositoryPattern: 'other/**' }),
      ann,
    ),
    createPolicy(deps, project, policyRequest('disabled', target.url, { enabled: false }), ann),
    createPolicy(
      deps,
      project,
      policyRequest('deletions', target.url, { eventTypes: ['DELETE_ARTIFACT'] }),
      ann,
    ),
  ])

  await push('v1', 'latest')

  expect(await Promise.all(ids.map(async (id) => (await states(id)).length))).toEqual([1, 0, 0, 0])
})

test('pulls and quotas are told, and nothing while webhooks are off', async () => {
  const target = await receiver()
  const eventTypes = ['PULL_ARTIFACT', 'QUOTA_EXCEED', 'QUOTA_WARNING', 'PUSH_ARTIFACT']
  await createPolicy(deps, project, policyRequest('hook', target.url, { eventTypes }), ann)
  await db.updateTable('projects').set({ storage_limit: 100 }).where('id', '=', project.id).execute()
  await db
    .insertInto('quota_usage')
    .values({ project_id: project.id, slot: 0, bytes: 90 })
    .onConflict((c) => c.columns(['project_id', 'slot']).doUpdateSet({ bytes: 90 }))
    .execute()
  work()
  const pull = {
    projectId: project.id,
    projectName: project.name,
    repositoryId: 1,
    repository: 'app',
    digest: 'sha256:aa',
    tag: 'v1',
    actor: undefined,
    time: new Date(),
  }

  await db.transaction().execute((tx) => tellPulls({ ...deps, enabled: () => false }, tx, [pull]))
  await db.transaction().execute((tx) => tellPulls(deps, tx, [pull]))
  await hear([
    {
      type: 'quota.exceeded',
      payload: {
        projectId: project.id,
        projectName: project.name,
        repository: 'app',
        tag: 'v9',
        message: 'too much',
        actor: ann,
      },
    },
  ])
  await push('v2')
  await expect.poll(() => target.heard.length).toBe(4)

  expect(
    target.heard
      .map(({ body }) => JSON.parse(body))
      .map((body) => [body.type, body.operator, body.event_data.custom_attributes?.Details]),
  ).toEqual([
    ['PULL_ARTIFACT', 'anonymous', undefined],
    ['QUOTA_EXCEED', 'ann', 'too much'],
    ['PUSH_ARTIFACT', 'ann', undefined],
    ['QUOTA_WARNING', 'ann', 'quota usage reach 85%: resource storage used 90 B of 100 B'],
  ])
})

test('a delivery is made again on demand, as a new one with the same message', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  work()
  await push('v1')
  await expect.poll(() => target.heard.length).toBe(1)
  const { id: first } = await db.selectFrom('webhook_deliveries').select('id').executeTakeFirstOrThrow()

  const again = await redeliver(deps, project, id, first, ann)

  await expect.poll(() => target.heard.length).toBe(2)
  expect(again).toBeGreaterThan(first)
  expect(target.heard[1]?.body).toBe(target.heard[0]?.body)
})

test('a test tells whether it arrived, and nothing of what was answered but the status', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)

  const good = await sendTest(deps, project, id, 0, ann)
  target.answer(() => 500)
  const bad = await sendTest(deps, project, id, 0, ann)

  expect(good).toMatchObject({ status: 'Success' })
  expect(bad).toMatchObject({ status: 'Error', statusMessage: 'the target answered 500' })
  const rows = await db.selectFrom('webhook_deliveries').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('secret words')
  expect(await readState(deps, project.id, id)).toMatchObject({ waiting: 0, dead: 0 })
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

test('a deleted webhook, and those of a deleted project, are gone with all that waits', async () => {
  const target = await receiver()
  target.answer(() => 500)
  const one = await createPolicy(deps, project, policyRequest('one', target.url), ann)
  await createPolicy(deps, project, policyRequest('two', target.url), ann)
  work()
  await push(...many(10))

  await removePolicy(deps, project, one, ann)
  const left = await db.selectFrom('webhook_deliveries').select('policy_id').distinct().execute()
  await db
    .transaction()
    .execute((tx) =>
      webhooksOfDeletedProjects.handle(tx, [
        { id: 1, type: 'project.deleted', payload: { projectId: project.id }, occurrenceTime: new Date() },
      ]),
    )

  expect(left).toHaveLength(1)
  expect(await db.selectFrom('webhook_policies').select('id').execute()).toEqual([])
  expect(await db.selectFrom('webhook_deliveries').select('id').execute()).toEqual([])
})

test('of what has arrived the newest are kept, and nothing that waits is deleted', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await push(...many(6))
  await db.updateTable('webhook_deliveries').set({ status: 'Success' }).where('policy_id', '=', id).execute()
  await push('v6')

  await cleanUpDeliveries(deps, { keep: 2, mostWaiting: 10, deadDays: 30, mostDead: 10 })

  expect((await states(id)).map(({ status }) => status)).toEqual(['Success', 'Success', 'Pending'])
})

test('of what waits for a target that takes too little the oldest is given up', async () => {
  const target = await receiver()
  const id = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  await push(...many(8))

  await cleanUpDeliveries(deps, { keep: 2, mostWaiting: 5, deadDays: 30, mostDead: 10 })

  expect((await states(id)).map(({ status }) => status)).toEqual([
    ...Array(3).fill('Error'),
    ...Array(5).fill('Pending'),
  ])
})

test('the job service shows what waits, and ends it', async () => {
  const target = await receiver()
  const one = await createPolicy(deps, project, policyRequest('hook', target.url), ann)
  const other = await createPolicy(
    deps,
    project,
    policyRequest('slack', target.url, {}, { type: 'slack' }),
    ann,
  )
  await push('v1', 'v2')
  const queues = { db, others: [webhookQueues] }

  const before = await listQueues(queues)
  await actOnQueue(queues, 'slack', 'stop')

  const waiting = (kind: string) => before.find((queue) => queue.kind === kind)?.waiting
  expect([waiting('WEBHOOK'), waiting('SLACK'), waiting('RETENTION')]).toEqual([2, 2, 0])
  expect((await states(one)).map(({ status }) => status)).toEqual(['Pending', 'Pending'])
  expect((await states(other)).map(({ status }) => status)).toEqual(['Stopped', 'Stopped'])
})
