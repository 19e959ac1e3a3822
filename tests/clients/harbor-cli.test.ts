import { beforeAll, expect, test } from 'vitest'
import { type Answer, json } from '../harness/http.ts'
import { openAsAdministrator } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

/**
 * What harbor-cli sends, request by request as recorded from it: names instead of ids with X-Is-Resource-Name, slashes
 * of repositories encoded once, pages of 0, zero times, whole objects where an id would do.
 */
const site = useSite()
let admin: Registry

beforeAll(() => {
  admin = openAsAdministrator(site.server)
})

async function call(method: string, path: string, body?: object): Promise<Answer> {
  return await admin.send({
    method,
    path: `/api/v2.0${path}`,
    headers: {
      'User-Agent': 'Go-http-client/1.1',
      Accept: 'application/json',
      'X-Is-Resource-Name': 'true',
      ...(body ? { 'Content-Type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

async function answers(status: number, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await call(method, path, body)
  expect(`${answer.status} ${answer.status === status ? '' : answer.body.toString('utf8')}`.trim()).toBe(
    String(status),
  )
  return answer.body.length > 0 ? json(answer) : undefined
}

test('project create, view, config, logs', async () => {
  const project = { metadata: { public: 'false' }, project_name: 'cli-proj', public: false }
  await answers(200, 'GET', '/registries')
  await answers(201, 'POST', '/projects', { ...project, storage_limit: -1 })
  // Nothing was said about a limit.
  await answers(201, 'POST', '/projects', { ...project, project_name: 'cli-two', storage_limit: 0 })

  await answers(200, 'PUT', '/projects/cli-proj', { metadata: { auto_scan: 'true', public: 'true' } })

  expect(await answers(200, 'GET', '/projects/cli-proj')).toMatchObject({
    metadata: { auto_scan: 'true', public: 'true' },
  })
  expect(await answers(200, 'GET', '/projects/cli-proj/members?page=1&page_size=10')).toHaveLength(1)
  await answers(200, 'GET', '/projects/cli-proj/auditlog-exts?page=1&page_size=10')
})

test('quota list, view, update', async () => {
  const quotas = (await answers(200, 'GET', '/quotas?page=1&page_size=0')) as {
    id: number
    ref: { name: string }
  }[]
  const id = quotas.find((quota) => quota.ref.name === 'cli-proj')?.id

  await answers(200, 'PUT', `/quotas/${id}`, { hard: { storage: 5368709120 } })

  expect(await answers(200, 'GET', `/quotas/${id}`)).toMatchObject({ hard: { storage: 5368709120 } })
})

test('repo and artifact list, view, tag, label, delete', async () => {
  await openRepository(admin, 'cli-proj/app/x').pushImage('v1')
  const repository = '/projects/cli-proj/repositories/app%2Fx'
  const artifact = `${repository}/artifacts/v1`
  await answers(201, 'POST', '/labels', {
    color: '#FF0000',
    creation_time: '0001-01-01T00:00:00.000Z',
    description: 'desc',
    name: 'cl1',
    scope: 'g',
    update_time: '0001-01-01T00:00:00.000Z',
  })
  const [label] = (await answers(200, 'GET', '/labels?page=0&page_size=0&project_id=0&scope=g')) as {
    id: number
  }[]

  expect(await answers(200, 'GET', '/projects/cli-proj/repositories?page=1&page_size=10')).toMatchObject([
    { name: 'cli-proj/app/x', artifact_count: 1 },
  ])
  await answers(200, 'GET', repository)
  await answers(200, 'GET', `${repository}/artifacts?page=1&page_size=10`)
  await answers(200, 'GET', `${artifact}?with_label=false`)
  const zero = '0001-01-01T00:00:00.000Z'
  await answers(201, 'POST', `${artifact}/tags`, {
    immutable: false,
    name: 'v2',
    pull_time: zero,
    push_time: zero,
  })
  expect(await answers(200, 'GET', `${artifact}/tags`)).toHaveLength(2)
  await answers(200, 'DELETE', `${artifact}/tags/v2`)
  await answers(200, 'POST', `${artifact}/labels`, label as object)
  expect(await answers(200, 'GET', `${artifact}?with_label=true`)).toMatchObject({
    labels: [{ name: 'cl1' }],
  })
  await answers(200, 'DELETE', `${artifact}/labels/${label?.id}`)

  await answers(200, 'DELETE', artifact)
  await answers(200, 'DELETE', repository)
  await answers(200, 'DELETE', `/labels/${label?.id}`)
})

test('robot create with all permissions there are, list, refresh, find by name, delete', async () => {
  const { system } = (await answers(200, 'GET', '/permissions')) as {
    system: { resource: string; action: string }[]
  }
  const created = (await answers(201, 'POST', '/robots', {
    description: 'd',
    duration: 90,
    level: 'system',
    name: 'ci-robot',
    permissions: [{ access: system, kind: 'system', namespace: '/' }],
  })) as { id: number; secret: string }

  const refreshed = (await answers(200, 'PATCH', `/robots/${created.id}`, {})) as { secret: string }
  const found = await answers(200, 'GET', '/robots?page=0&page_size=0&q=name%3Dci-robot')

  expect(refreshed.secret).not.toBe(created.secret)
  expect(found).toMatchObject([{ id: created.id, permissions: [{ access: expect.any(Array) }] }])
  await answers(200, 'DELETE', `/robots/${created.id}`)
})

test('user create, list, delete; what info and health read', async () => {
  const user = {
    comment: 'x',
    email: 'c@x.org',
    password: 'Passw0rdX1',
    realname: 'Cli',
    username: 'cliuser',
  }
  await answers(201, 'POST', '/users', user)
  const users = (await answers(200, 'GET', '/users?page=0&page_size=0')) as {
    user_id: number
    username: string
  }[]

  await answers(200, 'DELETE', `/users/${users.find(({ username }) => username === 'cliuser')?.user_id}`)

  for (const path of ['ping', 'health', 'systeminfo', 'statistics', 'systeminfo/volumes', 'users/current']) {
    expect((await call('GET', `/${path}`)).status, path).toBe(200)
  }
  await answers(200, 'GET', '/configurations')
  await answers(200, 'GET', '/system/CVEAllowlist')
  await answers(200, 'DELETE', '/projects/cli-two')
})
