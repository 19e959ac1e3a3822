import { afterAll, beforeEach, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { addUser } from '../users/testing.ts'
import { groupsRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const ann = await addUser(db, 'ann')
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(ann)
const DN = 'cn=ops,dc=example,dc=com'

let forgotten = 0
const app = await buildRest({
  routes: [
    groupsRoutes({
      db,
      findInDirectory: async (dn) => (dn === DN ? 'ops' : undefined),
      onGroupDeleted: () => {
        forgotten += 1
      },
    }),
  ],
  decide,
  decideEverywhere,
  projectContext: async () => undefined,
})

beforeEach(async () => {
  forgotten = 0
  for (const table of ['user_groups', 'events'] as const) await db.deleteFrom(table).execute()
})
afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0/usergroups${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json }
}

async function add(body: object): Promise<number> {
  const { status, headers } = await ask('POST', '', ADMIN, body)
  expect(status).toBe(201)
  return Number(/\/usergroups\/(\d+)$/.exec(String(headers.location))?.[1])
}

test('a group is made, read, renamed and deleted, and each is told', async () => {
  const id = await add({ group_name: 'ops', group_type: 3, ldap_group_dn: 'ignored' })
  const made = await ask('GET', `/${id}`, ADMIN)
  const renamed = await ask('PUT', `/${id}`, ADMIN, { group_name: 'operators', group_type: 2 })
  const after = await ask('GET', `/${id}`, ADMIN)
  const deleted = await ask('DELETE', `/${id}`, ADMIN)

  expect(made.json).toEqual({ id, group_name: 'ops', group_type: 3 })
  expect([renamed.status, deleted.status, forgotten]).toEqual([200, 200, 1])
  expect(after.json).toEqual({ id, group_name: 'operators', group_type: 3 })
  expect((await ask('GET', `/${id}`, ADMIN)).status).toBe(404)
  expect(await eventTypes(db)).toEqual(['group.created', 'group.updated', 'group.deleted'])
})

test('an LDAP group is in the directory, has its name there, and is there once', async () => {
  const id = await add({ group_type: 1, ldap_group_dn: ` ${DN.toUpperCase()}` })

  const again = await ask('POST', '', ADMIN, { group_name: 'x', group_type: 1, ldap_group_dn: DN })

  expect((await ask('GET', `/${id}`, ADMIN)).json).toMatchObject({ group_name: 'ops', ldap_group_dn: DN })
  expect(again.status).toBe(409)
  expect((await ask('GET', `?ldap_group_dn=${DN.toUpperCase()}`, ADMIN)).json).toHaveLength(1)
  expect((await ask('GET', '?ldap_group_dn=cn=x', ADMIN)).json).toHaveLength(0)
})

test.each([
  [{ group_name: 'a', group_type: 9 }, 400],
  [{ group_name: 'a' }, 400],
  [{ group_type: 3 }, 400],
  [{ group_name: ' ', group_type: 3 }, 400],
  [{ group_name: 'a\u0000', group_type: 3 }, 400],
  [{ group_name: 'a'.repeat(256), group_type: 3 }, 400],
  [{ group_name: 'a', group_type: 1 }, 400],
  [{ group_name: 'a', group_type: 1, ldap_group_dn: 'cn=none' }, 400],
  [{ group_name: 'taken', group_type: 2 }, 409],
  [{ group_name: 5, group_type: 3 }, 422],
])('%j is refused with %i', async (body, status) => {
  await add({ group_name: 'taken', group_type: 3 })

  expect((await ask('POST', '', ADMIN, body)).status).toBe(status)
  expect(await eventTypes(db)).toEqual(['group.created'])
})

test('a name that is taken, none, and a group that is not there cannot be given or changed', async () => {
  const id = await add({ group_name: 'one', group_type: 3 })
  await add({ group_name: 'two', group_type: 3 })

  expect((await ask('PUT', `/${id}`, ADMIN, { group_name: 'two' })).status).toBe(409)
  expect((await ask('PUT', `/${id}`, ADMIN, { group_name: '' })).status).toBe(400)
  expect((await ask('PUT', '/99999999', ADMIN, { group_name: 'x' })).status).toBe(404)
  expect((await ask('DELETE', '/99999999', ADMIN)).status).toBe(404)
  expect((await ask('GET', '/0', ADMIN)).status).toBe(400)
})

test('everybody who has signed in searches, and administrators do the rest', async () => {
  const id = await add({ group_name: 'long-ops', group_type: 3 })
  await add({ group_name: 'ops', group_type: 2 })

  const found = await ask('GET', '/search?groupname=OPS', ANN)

  expect(found.json.map((group: { group_name: string }) => group.group_name)).toEqual(['ops', 'long-ops'])
  expect(found.headers['x-total-count']).toBe('2')
  expect((await ask('GET', '/search?groupname=OPS&page_size=1', ANN)).json).toHaveLength(1)
  expect((await ask('GET', '/search', ANN)).status).toBe(422)
  expect((await ask('GET', '/search?groupname=ops')).status).toBe(401)
  expect((await ask('GET', '', ANN)).status).toBe(403)
  expect((await ask('GET', `/${id}`, ANN)).status).toBe(403)
  expect((await ask('POST', '', ANN, { group_name: 'x', group_type: 3 })).status).toBe(403)
  expect((await ask('PUT', `/${id}`, ANN, { group_name: 'x' })).status).toBe(403)
  expect((await ask('DELETE', `/${id}`, ANN)).status).toBe(403)
})
