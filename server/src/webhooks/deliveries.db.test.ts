import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { actOnQueue, listQueues } from '../jobs/queues/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { addUser } from '../users/testing.ts'
import { cleanUpDeliveries } from './clean-up.ts'
import { readState, redeliver, sendTest } from './deliveries/service.ts'
import { webhookQueues } from './queues-store.ts'
import { createPolicy, removePolicy } from './service.ts'
import { tellPulls, webhooksOfDeletedProjects } from './subscribers.ts'
import { policyRequest } from './testing.ts'
import { many, openStage } from './testing-stage.ts'

const { db, drop } = await createTestDatabase()
const ann = await addUser(db, 'ann')
const stage = openStage(db, ann)
const { deps, project, receiver, work, push, hear, states } = stage

beforeEach(stage.begin)
afterEach(stage.end)
afterAll(async () => {
  await deps.outbound.close()
  await drop()
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

test('very many at once are written in parts, in their order', async () => {
  const target = await receiver()
  const targets = Array.from({ length: 10 }, () => policyRequest('hook', target.url).targets).flat()
  const id = await createPolicy(deps, project, { ...policyRequest('hook', target.url), targets }, ann)

  await push(...many(1200))

  const rows = await db
    .selectFrom('webhook_deliveries')
    .select('body')
    .where('policy_id', '=', id)
    .where('target', '=', 9)
    .orderBy('id')
    .execute()
  expect(rows.map(({ body }) => JSON.parse(body).event_data.resources[0].tag)).toEqual(many(1200))
})
