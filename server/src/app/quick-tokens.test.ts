import http from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { Asked } from '../auth/tokens/quick.ts'
import { putInFront } from '../platform/http/quick-way.ts'
import { type QuickTokensDeps, quickTokens } from './quick-tokens.ts'

const FOUND = { token: 'a.b.c', access_token: '', expires_in: 1800, issued_at: '2026-01-02T03:04:05.678Z' }
const PATH = '/service/token?service=registry&scope=repository:team/app:pull'
/** What the long way answers here. */
const LONG = 299

type Watching = NonNullable<Parameters<typeof putInFront>[2]>

let app: FastifyInstance | undefined
let asked: Asked[]
let longWays: number

afterEach(async () => {
  await app?.close()
})

async function serve(
  { watch, now, ...changed }: Partial<QuickTokensDeps> & Watching = {},
  whileClosing: () => Promise<void> = async () => undefined,
): Promise<string> {
  asked = []
  longWays = 0
  app = Fastify({ return503OnClosing: false })
  app.all('/*', async (_request, reply) => {
    longWays += 1
    return reply.code(LONG).send('')
  })
  const findToken = (what: Asked) => {
    asked.push(what)
    return what.authorization === 'Basic known' ? Promise.resolve(FOUND) : undefined
  }
  putInFront(app, quickTokens({ findToken, https: false, tellFailed: () => undefined, ...changed }), {
    watch,
    ...(now && { now }),
  })
  app.addHook('preClose', whileClosing)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

interface Sent {
  method?: string
  path?: string
  headers?: http.OutgoingHttpHeaders
}

function ask(url: string, { method = 'GET', path = PATH, headers = {} }: Sent = {}) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>(
    (resolve, reject) => {
      const shown = { authorization: 'Basic known', connection: 'close', ...headers }
      const request = http.request(url + path, { method, headers: shown }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(parts).toString(),
          }),
        )
      })
      request.on('error', reject)
      request.end()
    },
  )
}

test('a token that is found goes out as JSON that nobody keeps', async () => {
  const url = await serve()

  const answer = await ask(url, { headers: { 'x-request-id': 'mine' } })

  expect([answer.status, answer.text]).toEqual([200, JSON.stringify(FOUND)])
  expect(answer.headers).toMatchObject({
    'x-request-id': 'mine',
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(answer.text.length),
  })
  expect(answer.headers['strict-transport-security']).toBeUndefined()
  expect(asked).toEqual([
    { query: 'service=registry&scope=repository:team/app:pull', authorization: 'Basic known' },
  ])
})

test('each request has an id, and over TLS a client is told to stay there', async () => {
  const url = await serve({ https: true })

  const answers = [await ask(url), await ask(url)]

  expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(2)
  expect(answers[0]?.headers['strict-transport-security']).toBe('max-age=31536000')
})

test.each<[string, Sent]>([
  ['another method', { method: 'POST' }],
  ['HEAD', { method: 'HEAD' }],
  ['another path', { path: '/service/token/jwks.json?a=b' }],
  ['no query', { path: '/service/token' }],
  ['slashes to be made one', { path: PATH.replace('/', '//') }],
  ['a coded path', { path: PATH.replace('token', '%74oken') }],
  ['a body', { headers: { 'content-length': 0 } }],
])('the long way is for %s', async (_what, sent) => {
  const url = await serve()

  expect((await ask(url, sent)).status).toBe(LONG)
  expect(asked).toEqual([])
})

test.each<[string, Partial<QuickTokensDeps>]>([
  ['is not taken', { findToken: () => undefined }],
  ['is not found', { findToken: () => Promise.resolve(undefined) }],
  ['cannot be looked for', { findToken: () => Promise.reject(new Error('gone')) }],
])('the long way is for what %s', async (_what, changed) => {
  const url = await serve(changed)

  expect((await ask(url)).status).toBe(LONG)
  expect(longWays).toBe(1)
})

test('whoever has waited for a database that is away is told so, and does not wait a second time', async () => {
  const gone = new Error('timeout exceeded when trying to connect')
  const failed: unknown[] = []
  let time = 0
  const url = await serve({
    now: () => time,
    findToken: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      time += 30_000
      throw gone
    },
    tellFailed: (...what) => failed.push(what),
  })

  const answer = await ask(url, { headers: { 'x-request-id': 'mine' } })

  expect([answer.status, longWays]).toEqual([503, 0])
  expect(answer.headers).toMatchObject({ 'x-request-id': 'mine', 'cache-control': 'no-store' })
  expect(JSON.parse(answer.text)).toEqual({
    errors: [{ code: 'SERVICE_UNAVAILABLE', message: 'the service is temporarily unavailable' }],
  })
  expect(failed).toEqual([[gone, 'mine']])
})

test('what is taken is watched, and not what goes the long way after all', async () => {
  const watched: (string | undefined)[] = []
  const url = await serve({
    watch: ({ headers }) => {
      watched.push(headers.authorization)
      return () => watched.pop()
    },
    findToken: ({ authorization }) =>
      authorization === 'nobody'
        ? undefined
        : Promise.resolve(authorization === 'Basic known' ? FOUND : undefined),
  })

  for (const authorization of ['Basic known', 'Basic other', 'nobody']) {
    await ask(url, { headers: { authorization } })
  }

  expect(watched).toEqual(['Basic known'])
})

test.each([
  ['found', FOUND],
  ['not found', undefined],
])('a client that has gone away gets nothing, and goes no further way: %s', async (_what, answer) => {
  const finding = Promise.withResolvers<typeof FOUND | undefined>()
  const taken = Promise.withResolvers<http.IncomingMessage>()
  const url = await serve({
    findToken: () => finding.promise,
    watch: (request) => {
      taken.resolve(request)
      return () => undefined
    },
  })

  const client = http.get(url + PATH)
  client.on('error', () => undefined)
  const { socket } = await taken.promise
  const gone = new Promise((resolve) => socket.once('close', resolve))
  client.destroy()
  await gone
  finding.resolve(answer)
  await new Promise((resolve) => setImmediate(resolve))

  expect(longWays).toBe(0)
})

test('while the server closes, everything goes the long way', async () => {
  const begun = Promise.withResolvers<void>()
  const asking = Promise.withResolvers<void>()
  const url = await serve({}, async () => {
    begun.resolve()
    await asking.promise
  })

  const closed = app?.close()
  await begun.promise
  const { status } = await ask(url)
  asking.resolve()
  await closed

  expect([status, asked]).toEqual([LONG, []])
})
