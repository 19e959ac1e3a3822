import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { portalPlugin } from './portal.ts'

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
let directory: string
let app: FastifyInstance

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portolan-portal-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<title>Portolan</title>')
  await writeFile(join(directory, 'assets/index-1a2b.js'), 'start()')
  app = Fastify()
  app.get('/api/v2.0/ping', () => 'Pong')
  await app.register(portalPlugin({ directory, https: false }))
})

afterAll(async () => {
  await app.close()
  await rm(directory, { recursive: true })
})

describe('the portal', () => {
  test('is answered at / and must be asked for again each time', async () => {
    const response = await app.inject({ url: '/', headers: browser })

    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toMatch(/^text\/html/)
    expect(response.headers['cache-control']).toBe('no-cache')
    expect(response.headers.etag).toBeDefined()
    expect(response.body).toContain('Portolan')
  })

  test('may load its own scripts only and is framed by nobody', async () => {
    const { headers } = await app.inject({ url: '/', headers: browser })

    expect(headers['content-security-policy']).toContain("default-src 'self'")
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  test('has assets that are kept for ever', async () => {
    const response = await app.inject('/assets/index-1a2b.js')

    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toMatch(/javascript/)
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  })

  test.each(['/harbor/projects', '/projects/7?tab=members'])('opens at %s', async (url) => {
    const response = await app.inject({ url, headers: browser })

    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-cache')
    expect(response.body).toContain('Portolan')
  })

  test.each([
    '/api/v2.0/none',
    '/v2/none',
    '/service/none',
    '/c/none',
    '/assets/gone.js',
    '/.well-known/none',
  ])('is not what a browser gets at %s', async (url) => {
    const response = await app.inject({ url, headers: browser })

    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({ errors: [{ code: 'NOT_FOUND', message: `path ${url} was not found` }] })
  })

  test('is for browsers that read: programs and writers get 404', async () => {
    const program = await app.inject({ url: '/projects', headers: { accept: 'application/json' } })
    const writer = await app.inject({ method: 'POST', url: '/projects', headers: browser })

    expect([program.statusCode, writer.statusCode]).toEqual([404, 404])
  })

  test('leaves the routes of others alone', async () => {
    const response = await app.inject({ url: '/api/v2.0/ping', headers: browser })

    expect(response.body).toBe('Pong')
    expect(response.headers['content-security-policy']).toBeUndefined()
  })

  test('does not leave its directory', async () => {
    const response = await app.inject('/assets/..%2f..%2f..%2f..%2fetc/passwd')

    expect(response.statusCode).toBe(404)
  })
})

test('a portal that is not built says how to build it', async () => {
  const bare = Fastify()
  await bare.register(portalPlugin({ directory: join(tmpdir(), 'portolan-no-portal'), https: false }))

  const response = await bare.inject({ url: '/', headers: browser })

  expect(response.statusCode).toBe(503)
  expect(response.body).toContain('npm run build -w portal')
  await bare.close()
})
