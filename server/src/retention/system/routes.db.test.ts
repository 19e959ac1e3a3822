import { afterAll, beforeAll, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../../access/decide.ts'
import { type Bench, openBench } from '../../artifacts/testing.ts'
import { createFindImmutable } from '../../immutability/find-immutable.ts'
import { createTestDatabase } from '../../platform/db/testing.ts'
import { as, buildRest } from '../../platform/http/testing.ts'
import { addUser } from '../../users/testing.ts'
import { retentionRoutes } from '../routes.ts'
import type { RetentionDeps } from '../service.ts'
import { systemRetentionRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const bench: Bench = await openBench(db)
const deps: RetentionDeps = {
  ...bench.deps,
  trashDays: 7,
  findImmutable: createFindImmutable(),
  now: () => new Date(),
}
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(await addUser(db, 'ann'))
const project = { id: bench.repository.projectId, name: bench.projectName, public: false, roles: [] }

const app = await buildRest({
  routes: [retentionRoutes(deps), systemRetentionRoutes(deps)],
  decide,
  decideEverywhere,
  projectContext: async () => project,
})

beforeAll(async () => {
  for (let n = 1; n <= 5; n += 1) await bench.image(`image ${n}`, {}, `v${n}`)
})
afterAll(async () => {
  await app.close()
  await drop()
})

async function ask(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  payload?: object,
  headers = ADMIN,
) {
  const answer = await app.inject({ method, url: `/api/v2.0${path}`, headers, ...(payload && { payload }) })
  const text = answer.body
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined,
  }
}

const rule = (count: number) => ({
  action: 'retain',
  template: 'latestPushedK',
  params: { latestPushedK: count },
  tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
  scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
})
const policy = (count: number, cron = '') => ({
  rules: [rule(count)],
  trigger: { kind: 'Schedule', settings: { cron } },
})

test("the system's policy is made, changed, run and deleted under a path of its own", async () => {
  const missing = await ask('GET', '/system/retention')
  const noRun = await ask('POST', '/system/retention/executions', { dry_run: true })
  const made = await ask('PUT', '/system/retention', policy(2, '0 0 3 * * *'))
  const changed = await ask('PUT', '/system/retention', policy(3))
  const shown = await ask('GET', '/system/retention')
  const started = await ask('POST', '/system/retention/executions', { dry_run: true })
  const runs = await ask('GET', '/system/retention/executions?page_size=5')
  const tasks = await ask('GET', `/system/retention/executions/${started.json.id}/tasks`)
  const wrong = await ask('PATCH', `/system/retention/executions/${started.json.id}`, { action: 'go' })
  const stopped = await ask('PATCH', `/system/retention/executions/${started.json.id}`, { action: 'stop' })
  const nonsense = await ask('PUT', '/system/retention', { rules: [{ ...rule(1), template: 'moon' }] })

  expect([missing, noRun, made, changed].map(({ status }) => status)).toEqual([404, 404, 200, 200])
  expect(shown.json).toMatchObject({ rules: [rule(3)], trigger: { settings: { cron: '' } } })
  expect(shown.json).not.toHaveProperty('scope')
  expect([started.status, started.headers.location]).toEqual([
    201,
    `/api/v2.0/system/retention/executions/${started.json.id}`,
  ])
  expect(runs.json).toMatchObject([{ id: started.json.id, dry_run: true, trigger: 'MANUAL' }])
  expect(runs.headers['x-total-count']).toBe('1')
  expect(tasks.json).toMatchObject([{ repository: `${project.name}/app`, status: 'Pending' }])
  expect([wrong, stopped, nonsense].map(({ status }) => status)).toEqual([400, 200, 400])

  const gone = await ask('DELETE', '/system/retention')
  const again = await ask('DELETE', '/system/retention')
  expect([gone, again, await ask('GET', '/system/retention')].map(({ status }) => status)).toEqual([
    200, 404, 404,
  ])
})

test("Harbor's operations know nothing of it", async () => {
  await ask('PUT', '/system/retention', policy(2))
  const { id } = (await ask('GET', '/system/retention')).json

  const refused = await ask('POST', '/retentions', { ...policy(2), scope: { level: 'system', ref: 0 } })
  const denied = await ask('POST', '/retentions', { ...policy(2), scope: { level: 'system', ref: 0 } }, ANN)
  const read = await ask('GET', `/retentions/${id}`)
  const changed = await ask('PUT', `/retentions/${id}`, { ...policy(1), scope: { level: 'project', ref: 1 } })
  const removed = await ask('DELETE', `/retentions/${id}`)
  const run = await ask('POST', `/retentions/${id}/executions`, { dry_run: true })

  expect([refused, denied, read, changed, removed, run].map(({ status }) => status)).toEqual([
    400, 403, 404, 404, 400, 400,
  ])
  expect((await ask('GET', '/system/retention')).json.rules).toEqual([rule(2)])
})

test('who may not configure the system neither sees nor changes it', async () => {
  await ask('PUT', '/system/retention', policy(2))
  const calls = [
    ['GET', '/system/retention', undefined],
    ['PUT', '/system/retention', policy(1)],
    ['DELETE', '/system/retention', undefined],
    ['POST', '/system/retention/executions', { dry_run: true }],
    ['GET', '/system/retention/executions', undefined],
    ['PATCH', '/system/retention/executions/1', { action: 'stop' }],
    ['GET', '/system/retention/executions/1/tasks', undefined],
    ['GET', '/system/retention/executions/1/tasks/1', undefined],
  ] as const

  for (const [method, path, payload] of calls) {
    expect((await ask(method, path, payload, ANN)).status).toBe(403)
    expect((await ask(method, path, payload, {})).status).toBe(401)
  }
  expect((await ask('GET', '/system/retention')).json.rules).toEqual([rule(2)])
})

test('two who make it at once make one', async () => {
  await ask('DELETE', '/system/retention')

  const answers = await Promise.all(
    [1, 2, 3, 4].map((count) => ask('PUT', '/system/retention', policy(count))),
  )

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  const rows = await db.selectFrom('retention_policies').select('id').execute()
  expect(rows).toHaveLength(1)
})

test('the explanation comes page by page, inherited where the project has no policy of its own', async () => {
  await ask('PUT', '/system/retention', policy(2))
  const path = `/projects/${project.name}/repositories/app/retention`
  const pages = await Promise.all([1, 2, 3].map((page) => ask('GET', `${path}?page_size=2&page=${page}`)))
  const behind = await ask('GET', `${path}?page_size=2&page=9`)

  const artifacts = pages.flatMap(({ json }) => json.artifacts)
  expect(artifacts.map(({ tags, kept }: { tags: string[]; kept: boolean }) => [tags[0], kept])).toEqual([
    ['v1', false],
    ['v2', false],
    ['v3', false],
    ['v4', true],
    ['v5', true],
  ])
  expect(pages[0]?.json).toMatchObject({ inherited: true, covered: true })
  expect(pages[0]?.headers['x-total-count']).toBe('5')
  expect(pages[0]?.headers.link).toContain('rel="next"')
  expect([behind.status, behind.json.artifacts, behind.headers['x-total-count']]).toEqual([200, [], '5'])
})
