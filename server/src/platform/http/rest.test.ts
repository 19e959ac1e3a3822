import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { expect, test } from 'vitest'
import { DomainError } from '../errors.ts'
import { as, buildRest } from './testing.ts'

const ROOT = { id: 1, username: 'root', sysadmin: true }
const JSON_TYPE = { 'content-type': 'application/json' }

const THINGS: FastifyPluginAsync = async (app) => {
  app.get(
    '/things',
    { schema: { querystring: Query }, config: { permission: 'anonymous' } },
    async (r) => r.query,
  )
  app.post(
    '/things',
    { schema: { body: Body }, config: { permission: 'authenticated' } },
    async (r) => r.body,
  )
  app.delete('/things/:id', { schema: { params: Id }, config: { permission: 'anonymous' } }, (_r, reply) =>
    reply.send(),
  )
  app.get('/broken', { schema: {}, config: { permission: 'anonymous' } }, async () => {
    throw new Error('password=hunter2')
  })
  app.get('/gone', { schema: {}, config: { permission: 'anonymous' } }, async () => {
    throw new DomainError('not-found', 'it is gone', { detail: '/secret/path' })
  })
}

const Query = Type.Object({
  page: Type.Integer({ default: 1 }),
  size: Type.Optional(Type.Integer({ maximum: 100 })),
  deep: Type.Optional(Type.Boolean()),
})
const Body = Type.Object({ name: Type.String({ maxLength: 5 }) })
const Id = Type.Object({ id: Type.Integer() })

const app = await buildRest({
  routes: [THINGS],
  decide: (principal) => principal.kind === 'user' && principal.sysadmin,
  decideEverywhere: (principal) => principal.kind === 'user' && principal.sysadmin,
  projectContext: async () => undefined,
})

async function ask(method: 'GET' | 'POST' | 'DELETE' | 'PATCH', url: string, headers = {}, payload?: string) {
  const answer = await app.inject({
    method,
    url: `/api/v2.0${url}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
  const error = answer.statusCode >= 400 ? answer.json().errors[0] : undefined
  return { status: answer.statusCode, headers: answer.headers, error, body: answer.body }
}

test('every answer carries the id of its request and the headers that protect it', async () => {
  for (const url of ['/things', '/nothing', '/broken']) {
    const { headers } = await ask('GET', url, { 'x-request-id': 'my-request' })

    expect(headers).toMatchObject({
      'x-request-id': 'my-request',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': expect.any(String),
    })
  }
})

test('a path that does not decode is refused with the id of its request', async () => {
  const { status, headers, error } = await ask('DELETE', '/things/%zz', { 'x-request-id': 'my-request' })

  expect({ status, id: headers['x-request-id'], code: error.code }).toEqual({
    status: 400,
    id: 'my-request',
    code: 'BAD_REQUEST',
  })
})

test('an unknown path is a 404 that names it', async () => {
  const { status, error } = await ask('GET', '/nothing-here?x=1')

  expect(status).toBe(404)
  expect(error).toEqual({ code: 'NOT_FOUND', message: 'path /api/v2.0/nothing-here was not found' })
})

test('an unknown method is a 405 that names those there are', async () => {
  const { status, headers, error } = await ask('PATCH', '/things')

  expect(status).toBe(405)
  expect(headers.allow).toBe('GET, POST')
  expect(error.message).toBe('method PATCH is not allowed, but [GET,POST] are')
})

test('an unexpected error tells nothing of itself', async () => {
  const { status, error, body } = await ask('GET', '/broken')

  expect({ status, error }).toEqual({
    status: 500,
    error: { code: 'UNKNOWN', message: 'internal server error' },
  })
  expect(body).not.toContain('hunter2')
})

test('an expected error tells its message and keeps its detail', async () => {
  const { status, body } = await ask('GET', '/gone')

  expect({ status, body: JSON.parse(body) }).toEqual({
    status: 404,
    body: { errors: [{ code: 'NOT_FOUND', message: 'it is gone' }] },
  })
})

test('query parameters are converted and take their defaults', async () => {
  const { body } = await ask('GET', '/things?size=7&deep=true')

  expect(JSON.parse(body)).toEqual({ page: 1, size: 7, deep: true })
})

test.each([
  ['/things?size=1000', 'size in query should be less than or equal to 100'],
  ['/things?page=x', 'page in query must be of type integer'],
  ['/things?page=1&page=2', 'page in query must be of type integer'],
])('GET %s is refused as Harbor does', async (url, message) => {
  const { status, error } = await ask('GET', url)

  expect(status).toBe(422)
  expect(error).toEqual({ code: 'UNPROCESSABLE_ENTITY', message: `validation failure list:\n${message}` })
})

test.each([
  ['broken JSON', JSON_TYPE, '{'],
  ['no body', JSON_TYPE, ''],
  ['a wrong type', JSON_TYPE, '{"name":5}'],
  ['a missing field', JSON_TYPE, '{}'],
  ['a name too long', JSON_TYPE, '{"name":"abcdef"}'],
  ['poison', JSON_TYPE, '{"name":"a","__proto__":{"x":1}}'],
  ['plain text', { 'content-type': 'text/plain' }, 'name=x'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x'],
])('a body with %s is a 422', async (_what, type, payload) => {
  const { status, error } = await ask('POST', '/things', { ...as(ROOT), ...type }, payload)

  expect({ status, code: error.code }).toEqual({ status: 422, code: 'UNPROCESSABLE_ENTITY' })
})

test('a body of more than a mebibyte is a 413', async () => {
  const payload = JSON.stringify({ name: 'x'.repeat(1024 * 1024) })

  const { status } = await ask('POST', '/things', { ...as(ROOT), ...JSON_TYPE }, payload)

  expect(status).toBe(413)
})

test.each([
  ['fields', `{${Array.from({ length: 5001 }, (_, at) => `"k${at}":0`).join(',')}}`],
  ['values', `[${'0,'.repeat(200_000)}0]`],
  ['depth', '['.repeat(101) + ']'.repeat(101)],
])('a body of too many %s is refused before it is parsed', async (_what, payload) => {
  const { status } = await ask('POST', '/things', { ...as(ROOT), ...JSON_TYPE }, payload)

  expect(status).toBe(413)
})

test('a body is not read from those who may not send it', async () => {
  const { status } = await ask('POST', '/things', JSON_TYPE, '{')

  expect(status).toBe(401)
})

test('a content type without a body does no harm', async () => {
  const { status } = await ask('DELETE', '/things/7', JSON_TYPE)

  expect(status).toBe(200)
})

test('a semicolon in the query is refused, one in the path is not', async () => {
  const query = await ask('GET', '/things?name=a;b')
  const path = await ask('GET', '/thing;s')

  expect(query.error).toEqual({ code: 'BAD_REQUEST', message: 'invalid semicolon separator in query' })
  expect(path.status).toBe(404)
})
