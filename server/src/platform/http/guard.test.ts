import type { FastifyPluginAsync, RouteShorthandOptions } from 'fastify'
import Type from 'typebox'
import { expect, test } from 'vitest'
import { DomainError } from '../errors.ts'
import { as, buildRest } from './testing.ts'

const ROOT = as({ id: 1, username: 'root', sysadmin: true })
const ANN = as({ id: 2, username: 'ann' })
const BOB = as({ id: 3, username: 'bob' })

/** Project 7 `seven` is private and ann is its guest; 8 `eight` is public. Both had other names before. */
const PROJECTS = [
  { id: 7, name: 'seven', former: 'sept', public: false, guests: [2] },
  { id: 8, name: 'eight', former: '88', public: true, guests: [] },
]

const Params = Type.Object({ project_name_or_id: Type.String() })

const ROUTES: FastifyPluginAsync = async (app) => {
  app.get('/open', { schema: {}, config: { permission: 'anonymous' } }, async (r) => r.principal.kind)
  app.get('/mine', { schema: {}, config: { permission: 'authenticated' } }, async () => 'yes')
  app.get(
    '/volumes',
    { schema: {}, config: { permission: { system: 'system-volumes:read' } } },
    async () => 'yes',
  )
  app.get(
    '/projects/:project_name_or_id',
    { schema: { params: Params }, config: { permission: { project: 'project:read' } } },
    async (r) => r.project.name,
  )
  app.delete(
    '/projects/:project_name_or_id',
    { schema: { params: Params }, config: { permission: { project: 'project:read' } } },
    async (r) => r.project.name,
  )
}

function build(routes: FastifyPluginAsync) {
  return buildRest({
    routes: [routes],
    decide: (principal, permission, project) => {
      if (principal.kind === 'user' && principal.sysadmin) return true
      if (permission !== 'project:read' || project === undefined) return false
      return project.public || project.roles.length > 0
    },
    decideEverywhere: (principal) => principal.kind === 'user' && principal.sysadmin,
    projectContext: async (principal, nameOrId, byName) => {
      const byId = !byName && /^\d+$/.test(nameOrId)
      const found = PROJECTS.find((project) =>
        byId ? project.id === Number(nameOrId) : [project.name, project.former].includes(nameOrId),
      )
      const isGuest = principal.kind === 'user' && found?.guests.includes(principal.id) === true
      return (
        found && { id: found.id, name: found.name, public: found.public, roles: isGuest ? ['guest'] : [] }
      )
    },
  })
}

const app = await build(ROUTES)

async function ask(url: string, headers: Record<string, string> = {}) {
  const { statusCode, body } = await app.inject({ url: `/api/v2.0${url}`, headers })
  return `${statusCode} ${statusCode < 300 ? body : JSON.parse(body).errors[0].message}`
}

test('an anonymous route lets everybody in and knows who comes', async () => {
  expect(await ask('/open')).toBe('200 anonymous')
  expect(await ask('/open', ANN)).toBe('200 user')
})

test('an authenticated route wants anybody who has signed in', async () => {
  expect(await ask('/mine')).toBe('401 unauthorized')
  expect(await ask('/mine', ANN)).toBe('200 yes')
})

test('a system permission is decided by who calls', async () => {
  expect(await ask('/volumes')).toBe('401 unauthorized')
  expect(await ask('/volumes', ANN)).toBe('403 forbidden')
  expect(await ask('/volumes', ROOT)).toBe('200 yes')
})

test('a project lets in whom it admits', async () => {
  expect(await ask('/projects/8')).toBe('200 eight')
  expect(await ask('/projects/7', ANN)).toBe('200 seven')
  expect(await ask('/projects/seven', ROOT)).toBe('200 seven')
})

test('a route that takes several permissions takes all of them', async () => {
  const both = await buildRest({
    routes: [
      async (instance) => {
        const config = {
          permission: { project: 'tag:delete', and: ['tag:create', 'artifact:create'] },
        } as const
        const schema = { params: Params }
        instance.get('/projects/:project_name_or_id', { schema, config }, async (r) => r.project.name)
      },
    ],
    decide: (_, permission) => permission !== missing,
    decideEverywhere: (_, permission) => permission !== missing,
    projectContext: async (_, name) =>
      name === '7' ? { id: 7, name: 'seven', public: false, roles: [] } : undefined,
  })
  let missing = ''
  const statusOf = async (id: number) =>
    (await both.inject({ url: `/api/v2.0/projects/${id}`, headers: ANN })).statusCode
  const statuses: number[][] = []
  for (missing of ['', 'tag:delete', 'tag:create', 'artifact:create']) {
    statuses.push([await statusOf(7), await statusOf(99)])
  }

  expect(statuses).toEqual([
    [200, 404],
    [403, 403],
    [403, 403],
    [403, 403],
  ])
})

test('a hidden project and a missing one are refused alike', async () => {
  for (const project of ['7', 'seven', '99', 'none', '%25', '9'.repeat(40)]) {
    expect(await ask(`/projects/${project}`)).toBe('401 unauthorized')
    expect(await ask(`/projects/${project}`, BOB)).toBe('403 forbidden')
  }
})

test('only who would be let in anywhere hears that a project is missing', async () => {
  expect(await ask('/projects/99', ROOT)).toBe('404 project 99 not found')
})

test('with X-Is-Resource-Name a number is a name', async () => {
  const named = (value: string) => ask('/projects/7', { ...ROOT, 'x-is-resource-name': value })

  expect(await named('true')).toBe('404 project 7 not found')
  expect(await named('false')).toBe('200 seven')
})

test('a name may be encoded once or twice', async () => {
  expect(await ask('/projects/%73even', ROOT)).toBe('200 seven')
  expect(await ask('/projects/%2573even', ROOT)).toBe('200 seven')
})

test('by a former name everything is done but deleted, and only who may delete hears the present one', async () => {
  const named = { 'x-is-resource-name': 'true' }
  const remove = async (project: string, headers: Record<string, string>) => {
    const answer = await app.inject({ method: 'DELETE', url: `/api/v2.0/projects/${project}`, headers })
    return `${answer.statusCode} ${answer.body}`
  }

  expect(await ask('/projects/sept', ROOT)).toBe('200 seven')
  expect(await remove('sept', ROOT)).toMatch(/^403 .*DENIED.*sept is called seven by now/)
  expect(await remove('sept', BOB)).not.toContain('seven')
  expect(await remove('88', { ...ROOT, ...named })).toMatch(/^403 .*88 is called eight/)
  for (const project of ['seven', '7', '%73even', '%2573even'])
    expect(await remove(project, ROOT)).toBe('200 seven')
  expect(await remove('eight', { ...ROOT, ...named })).toBe('200 eight')
})

test.each<[string, string, RouteShorthandOptions]>([
  ['declares no permission', '/x', { schema: {} }],
  ['has no schema', '/x', { config: { permission: 'anonymous' } }],
  ['has no schema for its path', '/x/:id', { schema: {}, config: { permission: 'anonymous' } }],
  [
    'names none',
    '/x/:id',
    { schema: { params: Params }, config: { permission: { project: 'project:read' } } },
  ],
])('a route that %s stops the start', async (message, url, options) => {
  const routes: FastifyPluginAsync = async (instance) => {
    instance.get(url, options, async () => 'never')
  }

  await expect(build(routes)).rejects.toThrow(message)
})

test('while nothing may be changed only what says so does, whoever asks', async () => {
  let written = 0
  const write: FastifyPluginAsync = async (app) => {
    const schema = {}
    app.get('/thing', { schema, config: { permission: 'anonymous' } }, async () => 'read')
    app.post('/thing', { schema, config: { permission: 'anonymous' } }, async () => {
      written += 1
      return 'written'
    })
    app.put(
      '/state',
      { schema, config: { permission: 'authenticated', whileReadOnly: true } },
      async () => 'ended',
    )
  }
  const closed = await buildRest({
    routes: [write],
    decide: () => true,
    decideEverywhere: () => true,
    projectContext: async () => undefined,
    checkWritable() {
      throw new DomainError('denied', 'closed')
    },
  })
  const statusOf = async (method: 'GET' | 'POST' | 'PUT', url: string, headers = ROOT) =>
    (await closed.inject({ method, url: `/api/v2.0${url}`, headers })).statusCode

  const refused = await closed.inject({ method: 'POST', url: '/api/v2.0/thing', headers: ROOT })

  expect(refused.statusCode).toBe(403)
  expect(refused.json()).toEqual({ errors: [{ code: 'DENIED', message: 'closed' }] })
  expect(await statusOf('POST', '/thing', {})).toBe(403)
  expect(written).toBe(0)
  expect(await statusOf('GET', '/thing')).toBe(200)
  expect(await statusOf('PUT', '/state')).toBe(200)
  expect(await statusOf('PUT', '/state', {})).toBe(401)
})
