import { afterAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../platform/db/testing.ts'
import { as, buildRest } from '../../platform/http/testing.ts'
import { allowlistRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const ROOT = as({ id: 1, username: 'root', sysadmin: true })
const ANN = as({ id: 2, username: 'ann' })
let time = new Date(1000)
const app = await buildRest({
  routes: [allowlistRoutes({ db, now: () => time })],
  decide: (principal) => principal.kind === 'user' && principal.sysadmin,
  decideEverywhere: () => false,
  projectContext: async () => undefined,
})

afterAll(async () => {
  await app.close()
  await drop()
})
beforeEach(async () => {
  await db.deleteFrom('settings').execute()
})

const URL = '/api/v2.0/system/CVEAllowlist'
const read = async (headers = ANN) => (await app.inject({ url: URL, headers })).json()
const write = async (payload: object, headers: Record<string, string> = ROOT) =>
  (await app.inject({ method: 'PUT', url: URL, headers, payload })).statusCode
const listOf = (...ids: string[]) => ids.map((cve_id) => ({ cve_id }))

test('before anybody has written one the list is empty', async () => {
  expect(await read()).toEqual({
    id: 1,
    items: [],
    creation_time: '0001-01-01T00:00:00.000Z',
    update_time: '0001-01-01T00:00:00.000Z',
  })
})

test('a list takes the place of the one before, whose age it keeps', async () => {
  expect(await write({ items: listOf('CVE-1', 'CVE-2'), expires_at: 4102444800, id: 9, project_id: 9 })).toBe(
    200,
  )
  time = new Date(2000)
  expect(await read()).toMatchObject({ id: 1, items: listOf('CVE-1', 'CVE-2'), expires_at: 4102444800 })

  expect(await write({ items: null })).toBe(200)

  expect(await read()).toEqual({
    id: 1,
    items: [],
    creation_time: '1970-01-01T00:00:01.000Z',
    update_time: '1970-01-01T00:00:02.000Z',
  })
})

test('what is refused changes nothing', async () => {
  await write({ items: listOf('CVE-1') })

  expect(await write({ items: listOf('CVE-2', 'CVE-2') })).toBe(400)
  expect(await write({ items: [{ cve_id: '' }] })).toBe(422)
  expect(await write({ items: 'CVE-2' })).toBe(422)
  expect(await write({ items: [] }, ANN)).toBe(403)
  expect(await write({ items: [] }, {})).toBe(401)

  expect((await read()).items).toEqual(listOf('CVE-1'))
  expect((await app.inject(URL)).statusCode).toBe(401)
})
