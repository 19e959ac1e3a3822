import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { findProjectContext } from '../members/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { createOutboundClient } from '../platform/outbound/client.ts'
import { addProject, addRole, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { deliveryRoutes } from './deliveries/routes.ts'
import { insertDeliveries } from './delivery-store.ts'
import { webhooksRoutes } from './routes.ts'
import { webhooksDeps } from './testing.ts'

const { db, drop } = await createTestDatabase()
const guarded = createOutboundClient({ allowNetworks: [], allowHosts: [] })
const deps = { ...webhooksDeps(db), outbound: guarded }
const projects = projectsDeps(db)
const ann = await addUser(db, 'ann')
const mia = await addUser(db, 'mia')
const ANN = as(ann)
const MIA = as(mia)
let team: number
let other: number

const app = await buildRest({
  routes: [webhooksRoutes(deps), deliveryRoutes(deps)],
  decide,
  decideEverywhere,
  projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
})

beforeEach(async () => {
  team = await addProject(projects, ann, `t-${randomUUID()}`)
  other = await addProject(projects, ann, `o-${randomUUID()}`)
  await addRole(db, team, mia.id, 'maintainer')
  await db.deleteFrom('events').execute()
})
afterAll(async () => {
  await app.close()
  await guarded.close()
  await drop()
})

const BODY = {
  name: 'hook',
  enabled: true,
  event_types: ['PUSH_ARTIFACT'],
  targets: [{ type: 'http', address: 'https://ci.example.com/hook', auth_header: 'Bearer s3cret' }],
}
type Body = Omit<typeof BODY, 'targets'> & { targets: object[] } & Record<string, unknown>

async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, headers = ANN, payload?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v2.0/projects/${path}`,
    headers,
    ...(payload && { payload }),
  })
  const isJson = String(answer.headers['content-type']).includes('json')
  return {
    status: answer.statusCode,
    text: answer.body,
    json: isJson ? answer.json() : undefined,
    location: String(answer.headers.location),
  }
}

async function create(body: Partial<Body> = {}, project = team): Promise<number> {
  const { status, text, location } = await ask('POST', `${project}/webhook/policies`, ANN, {
    ...BODY,
    ...body,
  })
  expect(`${status} ${text}`).toBe('201 ')
  return Number(/(\d+)$/.exec(location)?.[1])
}

async function deliveryOf(policyId: number): Promise<number> {
  const [id = 0] = await insertDeliveries(db, [
    {
      policyId,
      target: 0,
      kind: 'WEBHOOK',
      eventType: 'PUSH_ARTIFACT',
      trigger: 'EVENT',
      contentType: 'application/json',
      body: '{}',
    },
  ])
  return id
}

test('secrets are sealed in the database, and not in any answer', async () => {
  const target = { ...BODY.targets[0], custom_headers: { 'X-Api-Key': 'hidden1' }, signing_secret: 'hidden2' }
  const id = await create({ targets: [target] })

  const one = await ask('GET', `${team}/webhook/policies/${id}`)
  const list = await ask('GET', `${team}/webhook/policies`, MIA)
  const rows = await db.selectFrom('webhook_policies').selectAll().where('id', '=', id).execute()
  const events = await db.selectFrom('events').selectAll().execute()

  expect(one.json.targets).toEqual([
    {
      type: 'http',
      address: 'https://ci.example.com/hook',
      auth_header: 'Bearer ********',
      custom_headers: { 'X-Api-Key': '********' },
      signed: true,
    },
  ])
  const everything = [
    one.text,
    list.text,
    JSON.stringify(rows),
    rows[0]?.secrets?.toString('latin1'),
    JSON.stringify(events),
  ].join()
  for (const secret of ['s3cret', 'hidden1', 'hidden2']) expect(everything).not.toContain(secret)
})

test('what was read can be written back, to the same origin alone', async () => {
  const id = await create()
  const { json } = await ask('GET', `${team}/webhook/policies/${id}`)
  const moved = { ...json, targets: [{ ...json.targets[0], address: 'https://evil.example.com/' }] }

  const same = await ask('PUT', `${team}/webhook/policies/${id}`, ANN, { ...json, description: 'new' })
  const elsewhere = await ask('PUT', `${team}/webhook/policies/${id}`, ANN, moved)

  expect(same.status).toBe(200)
  expect(elsewhere.status).toBe(400)
  expect((await ask('GET', `${team}/webhook/policies/${id}`)).json).toMatchObject({
    description: 'new',
    targets: [{ address: 'https://ci.example.com/hook', auth_header: 'Bearer ********' }],
  })
})

test.each([
  [{ event_types: ['SNOW'] }, 'unsupported event type SNOW'],
  [{ repository_pattern: '[a' }, 'a bracket is not closed'],
  [{ tag_pattern: '{a' }, 'a brace is not closed'],
  [{ targets: [{ type: 'http', address: 'http://127.0.0.1/' }] }, 'no public address'],
  [{ targets: [{ type: 'http', address: 'http://[::ffff:10.0.0.1]/' }] }, 'no public address'],
  [{ targets: [{ type: 'http', address: '169.254.169.254/latest' }] }, 'no public address'],
  [{ targets: [{ type: 'http', address: 'file:///etc/passwd' }] }, 'http or https'],
  [
    { targets: [{ type: 'slack', address: 'https://a.example', payload_format: 'CloudEvents' }] },
    'unsupported payload format',
  ],
  [
    { targets: [{ type: 'http', address: 'https://a.example', custom_headers: { Host: 'b' } }] },
    'cannot be set',
  ],
  [
    { targets: [{ type: 'http', address: 'https://a.example', custom_headers: { 'X-A': 'b\r\nC: d' } }] },
    'no header may have',
  ],
  [{ targets: [{ type: 'http', address: 'https://a.example', auth_header: 'a\nb' }] }, 'no header may have'],
  [
    { targets: [{ type: 'http', address: 'https://a.example', payload_template: '{{type}}' }] },
    'does not make JSON',
  ],
])('%j is refused, and nothing is written', async (change, message) => {
  const { status, json } = await ask('POST', `${team}/webhook/policies`, ANN, { ...BODY, ...change })

  expect(status).toBe(400)
  expect(json.errors[0].message).toContain(message)
  expect((await ask('GET', `${team}/webhook/policies`)).json).toEqual([])
  expect(await eventTypes(db)).toEqual([])
})

test('ids of another project or webhook lead nowhere', async () => {
  const mine = await create()
  const theirs = await create({}, other)
  const delivery = await deliveryOf(theirs)
  const webhooks = `${team}/webhook`
  const strays = [
    ['GET', `${webhooks}/policies/${theirs}`],
    ['PUT', `${webhooks}/policies/${theirs}`],
    ['DELETE', `${webhooks}/policies/${theirs}`],
    ['GET', `${webhooks}/policies/${theirs}/executions`],
    ['GET', `${webhooks}/policies/${theirs}/state`],
    ['POST', `${webhooks}/policies/${theirs}/replay`],
    ['POST', `${webhooks}/policies/${theirs}/test`],
    ['GET', `${webhooks}/policies/${mine}/executions/${delivery}/tasks`],
    ['GET', `${webhooks}/policies/${mine}/executions/${delivery}/tasks/${delivery}/log`],
    ['POST', `${webhooks}/policies/${mine}/executions/${delivery}/redeliver`],
    ['GET', `${webhooks}/jobs?policy_id=${theirs}`],
  ] as const

  const answers = []
  for (const [method, path] of strays) {
    answers.push(
      (await ask(method, path, ANN, method === 'GET' || method === 'DELETE' ? undefined : BODY)).status,
    )
  }

  expect(answers).toEqual(strays.map(() => 404))
  expect((await ask('GET', `${other}/webhook/policies/${theirs}`)).status).toBe(200)
})

test('a maintainer looks on, and changes nothing', async () => {
  const id = await create()
  const delivery = await deliveryOf(id)
  const policy = `${team}/webhook/policies/${id}`

  const seen = await Promise.all([
    ask('GET', policy, MIA),
    ask('GET', `${policy}/executions`, MIA),
    ask('GET', `${policy}/state`, MIA),
    ask('GET', `${policy}/executions/${delivery}/tasks/${delivery}/log`, MIA),
  ])
  const refused = await Promise.all([
    ask('PUT', policy, MIA, BODY),
    ask('DELETE', policy, MIA),
    ask('POST', `${policy}/test`, MIA, {}),
    ask('POST', `${policy}/replay`, MIA),
    ask('POST', `${policy}/executions/${delivery}/redeliver`, MIA),
  ])

  expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
})

test('a delivery is shown as an execution with one task', async () => {
  const id = await create()
  const delivery = await deliveryOf(id)
  const policy = `${team}/webhook/policies/${id}`

  const executions = await ask('GET', `${policy}/executions?q=event_type=PUSH_ARTIFACT&sort=-id`)
  const tasks = await ask('GET', `${policy}/executions/${delivery}/tasks`)
  const jobs = await ask('GET', `${team}/webhook/jobs?policy_id=${id}&status=Pending&status=Error`)
  const state = await ask('GET', `${policy}/state`)

  expect(executions.json).toMatchObject([
    {
      id: delivery,
      vendor_type: 'WEBHOOK',
      vendor_id: id,
      status: 'Running',
      metrics: { task_count: 1, pending_task_count: 1 },
    },
  ])
  expect(tasks.json).toMatchObject([{ id: delivery, execution_id: delivery, status: 'Pending' }])
  expect(jobs.json).toMatchObject([{ id: delivery, status: 'Pending' }])
  expect(state.json).toMatchObject({ waiting: 1, dead_letters: 0 })
})

test('what is done to a webhook is told', async () => {
  const id = await create()
  const delivery = await deliveryOf(id)
  await ask('PUT', `${team}/webhook/policies/${id}`, ANN, BODY)
  await ask('POST', `${team}/webhook/policies/${id}/executions/${delivery}/redeliver`)
  await db.updateTable('webhook_deliveries').set({ status: 'Error' }).where('id', '=', delivery).execute()
  await ask('POST', `${team}/webhook/policies/${id}/replay`)
  await ask('DELETE', `${team}/webhook/policies/${id}`)

  expect(await eventTypes(db)).toEqual([
    'webhook.created',
    'webhook.updated',
    'webhook.redelivered',
    'webhook.replayed',
    'webhook.deleted',
  ])
})

test('the webhooks of a project have a bounded number of targets together', async () => {
  const targets = Array.from({ length: 10 }, () => ({ type: 'http', address: 'https://ci.example.com/' }))
  for (let hook = 0; hook < 4; hook += 1) await create({ name: `h${hook}`, targets })
  const last = await create({ name: 'last', targets: targets.slice(0, 9) })

  const full = await ask('PUT', `${team}/webhook/policies/${last}`, ANN, { ...BODY, targets })
  const more = await ask('POST', `${team}/webhook/policies`, ANN, { ...BODY, name: 'more' })
  const changed = await ask('PUT', `${team}/webhook/policies/${last}`, ANN, { ...BODY, targets })

  expect([full.status, more.status, changed.status]).toEqual([200, 400, 200])
})
