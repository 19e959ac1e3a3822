import { afterAll, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { settingsOf } from '../settings/testing.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { openMemoryDriver } from '../storage/drivers/memory/memory-driver.ts'
import { systemRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const memory = await openMemoryDriver()
const ROOT = as({ id: 1, username: 'root', sysadmin: true })
const ANN = as({ id: 2, username: 'ann' })

afterAll(drop)

function build(storage: StorageDriver) {
  const system = systemRoutes({
    db,
    settings: settingsOf({ banner_message: 'hello', read_only: true }),
    storage,
    version: '0.1.0',
    originOf: (request) => `http://${request.host}`,
    now: () => new Date(0),
  })
  return buildRest({ routes: [system], decide, decideEverywhere, projectContext: async () => undefined })
}

const app = await build(memory)
const ask = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url: `/api/v2.0${url}`, headers })

test('a ping is answered', async () => {
  const { body, headers } = await ask('/ping')

  expect(body).toBe('Pong')
  expect(headers['content-type']).toBe('text/plain')
})

test('health tells of seven components', async () => {
  const { status, components } = (await ask('/health')).json()

  expect(status).toBe('healthy')
  expect(components.map(({ name }: { name: string }) => name)).toEqual([
    'core',
    'database',
    'jobservice',
    'portal',
    'redis',
    'registry',
    'registryctl',
  ])
})

test('a broken storage is told of, without its reason', async () => {
  const broken = await build({ ...memory, stat: () => Promise.reject(new Error('EIO /srv/secret')) })

  const { statusCode, body } = await broken.inject('/api/v2.0/health')

  expect(statusCode).toBe(200)
  expect(JSON.parse(body)).toMatchObject({
    status: 'unhealthy',
    components: expect.arrayContaining([
      { name: 'database', status: 'healthy' },
      { name: 'registry', status: 'unhealthy', error: 'the storage does not work' },
    ]),
  })
  expect(body).not.toContain('secret')
})

test('general information grows with signing in', async () => {
  const open = (await ask('/systeminfo')).json()
  const closed = (await ask('/systeminfo', ANN)).json()

  expect(Object.keys(open)).toHaveLength(5)
  expect(open).toMatchObject({ auth_mode: 'db_auth', self_registration: false, banner_message: 'hello' })
  expect(closed).toMatchObject({
    ...open,
    current_time: '1970-01-01T00:00:00.000Z',
    registry_url: 'localhost:80',
    external_url: 'http://localhost:80',
    registry_storage_provider_name: 'memory',
    read_only: true,
    project_creation_restriction: 'everyone',
  })
})

test('volumes are told to the system administrator', async () => {
  expect((await ask('/systeminfo/volumes')).statusCode).toBe(401)
  expect((await ask('/systeminfo/volumes', ANN)).statusCode).toBe(403)
  expect((await ask('/systeminfo/volumes', ROOT)).json()).toEqual({ storage: [{}] })
})

test('without a CA there is no certificate of it', async () => {
  expect((await ask('/systeminfo/getcert')).statusCode).toBe(404)
})
