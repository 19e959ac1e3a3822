import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import type { PermissionSet } from '../access/model.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { addUser } from '../users/testing.ts'
import { roleBindingsRoutes } from './bindings/routes.ts'
import { findGrants } from './bindings/service.ts'
import { rolesRoutes } from './routes.ts'
import { bindingsThatAreGone } from './subscribers.ts'

const { db, drop } = await createTestDatabase()
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(ann)
let changes = 0
/** How many members of projects each role has, as the members would say. */
const members = new Map<number, number>()

const deps = {
  db,
  countMembers: async (_db: unknown, id: number) => members.get(id) ?? 0,
  removeMembers: async (_tx: unknown, id: number) => void members.delete(id),
  onGrantsChanged() {
    changes += 1
  },
}
const app = await buildRest({
  routes: [rolesRoutes(deps), roleBindingsRoutes(deps)],
  decide,
  decideEverywhere,
  projectContext: async () => undefined,
})

beforeEach(async () => {
  await db.deleteFrom('role_bindings').execute()
  await db.deleteFrom('roles').where('id', '>', 100).execute()
  for (const table of ['user_groups', 'events'] as const) await db.deleteFrom(table).execute()
  changes = 0
  members.clear()
})
afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0/roles${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json, error: json?.errors?.[0] }
}

const word = (text: string) => ({ resource: text.split(':')[0], action: text.split(':')[1] })
const words = (system: string[], project: string[] = []) => ({
  system: system.map(word),
  project: project.map(word),
})

async function add(body: object): Promise<number> {
  const { status, headers } = await ask('POST', '', ADMIN, body)
  expect(status).toBe(201)
  return Number(/\/roles\/(\d+)$/.exec(String(headers.location))?.[1])
}

async function bind(roleId: number, entity_type: string, entity_id: number): Promise<number> {
  const { status, headers } = await ask('POST', `/${roleId}/bindings`, ADMIN, { entity_type, entity_id })
  expect(status).toBe(201)
  return Number(/\/bindings\/(\d+)$/.exec(String(headers.location))?.[1])
}

const wordsOf = (grants: PermissionSet | undefined) =>
  grants && [[...grants.system].sort(), [...grants.everyProject].sort()]

test('the five roles are there, and nobody changes or deletes them', async () => {
  const { json } = await ask('GET', '', ANN)

  expect(json.map(({ id, name }: { id: number; name: string }) => [id, name])).toEqual([
    [1, 'projectAdmin'],
    [2, 'developer'],
    [3, 'guest'],
    [4, 'maintainer'],
    [5, 'limitedGuest'],
  ])
  expect(json[1].permissions.project).toContainEqual({ resource: 'repository', action: 'push' })
  expect((await ask('PUT', '/2', ADMIN, { permissions: words([], []) })).status).toBe(403)
  expect((await ask('DELETE', '/2?force=true', ADMIN)).status).toBe(403)
})

test('a role is made from 101 on, read, changed and deleted, and each is told', async () => {
  const id = await add({ name: 'puller', level: 'project', permissions: words([], ['repository:pull']) })
  const made = await ask('GET', `/${id}`, ANN)
  const change = { description: 'pulls', level: 'system', permissions: { project: [word('tag:list')] } }
  const changed = await ask('PUT', `/${id}`, ADMIN, change)
  const after = await ask('GET', `/${id}`, ANN)
  const deleted = await ask('DELETE', `/${id}`, ADMIN)

  expect(id).toBeGreaterThan(100)
  expect(made.json).toMatchObject({ name: 'puller', level: 'project', built_in: false })
  expect([changed.status, deleted.status]).toEqual([200, 200])
  expect(after.json).toMatchObject({ name: 'puller', description: 'pulls', level: 'project' })
  expect(after.json.permissions).toEqual(words([], ['tag:list']))
  expect((await ask('GET', `/${id}`, ADMIN)).status).toBe(404)
  expect(await eventTypes(db)).toEqual(['role.created', 'role.updated', 'role.deleted'])
  expect(changes).toBe(2)
})

test.each([
  [{ level: 'project' }, 400],
  [{ name: ' ', level: 'project' }, 400],
  [{ name: 'x' }, 400],
  [{ name: 'x', level: 'moon' }, 400],
  [{ name: 'x\u0000', level: 'project' }, 400],
  [{ name: 'developer', level: 'project' }, 409],
  [{ name: 'x', level: 'project', permissions: words(['user:list']) }, 400],
  [{ name: 'x', level: 'project', permissions: words([], ['user:list']) }, 400],
  [{ name: 'x', level: 'system', permissions: words(['moon:read']) }, 400],
  [{ name: 'x', level: 'system', permissions: { system: ['user:list'] } }, 422],
])('%j is refused with %i', async (body, status) => {
  expect((await ask('POST', '', ADMIN, body)).status).toBe(status)
  expect(await eventTypes(db)).toEqual([])
})

test('users see roles of projects, and roles of the system only who may', async () => {
  const id = await add({ name: 'auditor', level: 'system', permissions: words(['audit-log:list']) })

  expect((await ask('GET', '', ANN)).json).toHaveLength(5)
  expect((await ask('GET', '', ADMIN)).json).toHaveLength(6)
  expect((await ask('GET', '?level=system', ADMIN)).json).toMatchObject([{ id }])
  expect((await ask('GET', '?level=system', ANN)).status).toBe(403)
  expect((await ask('GET', `/${id}`, ANN)).status).toBe(404)
  expect((await ask('GET', `/${id}`)).status).toBe(401)
  expect((await ask('POST', '', ANN, { name: 'x', level: 'project' })).status).toBe(403)
  expect((await ask('PUT', `/${id}`, ANN, { name: 'x' })).status).toBe(403)
  expect((await ask('DELETE', `/${id}`, ANN)).status).toBe(403)
  expect((await ask('GET', `/${id}/bindings`, ANN)).status).toBe(403)
  expect((await ask('POST', `/${id}/bindings`, ANN, { entity_type: 'u', entity_id: ann.id })).status).toBe(
    403,
  )
})

describe('roles of the system', () => {
  test('count for users and for the members of groups, and all of them together', async () => {
    const group = await db
      .insertInto('user_groups')
      .values({ name: 'ops', type: 3, ldap_dn: null })
      .returning('id')
      .executeTakeFirstOrThrow()
    await db.insertInto('user_group_members').values({ user_id: ann.id, group_id: group.id }).execute()
    const auditor = await add({ name: 'auditor', level: 'system', permissions: words(['audit-log:list']) })
    const puller = await add({
      name: 'puller',
      level: 'system',
      permissions: words(['audit-log:list', 'quota:list'], ['repository:pull']),
    })
    await bind(auditor, 'u', bob.id)
    await bind(auditor, 'u', ann.id)
    const byGroup = await bind(puller, 'g', group.id)

    expect(wordsOf(await findGrants(db, ann.id))).toEqual([
      ['audit-log:list', 'quota:list'],
      ['repository:pull'],
    ])
    expect(wordsOf(await findGrants(db, bob.id))).toEqual([['audit-log:list'], []])
    expect(await findGrants(db, 99999999)).toBeUndefined()
    expect((await ask('DELETE', `/${puller}/bindings/${byGroup}`, ADMIN)).status).toBe(200)
    expect(wordsOf(await findGrants(db, ann.id))).toEqual([['audit-log:list'], []])
  })

  test('are given once, to somebody who is there, and taken by their own binding only', async () => {
    const auditor = await add({ name: 'auditor', level: 'system', permissions: words(['audit-log:list']) })
    const other = await add({ name: 'other', level: 'system' })
    const member = await add({ name: 'member', level: 'project' })
    const id = await bind(auditor, 'u', ann.id)
    const give = (role: number, entity_type: string, entity_id: number) =>
      ask('POST', `/${role}/bindings`, ADMIN, { entity_type, entity_id })

    expect((await give(auditor, 'u', ann.id)).status).toBe(409)
    expect((await give(auditor, 'u', 99999999)).status).toBe(400)
    expect((await give(auditor, 'g', 99999999)).status).toBe(400)
    expect((await give(auditor, 'x', ann.id)).status).toBe(400)
    expect((await give(member, 'u', ann.id)).status).toBe(400)
    expect((await give(1, 'u', ann.id)).status).toBe(400)
    expect((await give(99999999, 'u', ann.id)).status).toBe(404)
    expect((await ask('DELETE', `/${other}/bindings/${id}`, ADMIN)).status).toBe(404)
    expect((await ask('GET', `/${auditor}/bindings`, ADMIN)).json).toMatchObject([{ id, entity_name: 'ann' }])
    expect((await ask('GET', '/99999999/bindings', ADMIN)).status).toBe(404)
  })

  test('go with users and groups that are deleted', async () => {
    const auditor = await add({ name: 'auditor', level: 'system', permissions: words(['audit-log:list']) })
    await bind(auditor, 'u', bob.id)
    const event = { id: 1, occurrenceTime: new Date() }

    await bindingsThatAreGone.handle(db, [{ ...event, type: 'user.deleted', payload: { userId: bob.id } }])

    expect(await db.selectFrom('role_bindings').selectAll().execute()).toEqual([])
  })
})

describe('a role that somebody has', () => {
  test('is deleted only by force, and then nobody has it', async () => {
    const auditor = await add({ name: 'auditor', level: 'system', permissions: words(['audit-log:list']) })
    await bind(auditor, 'u', ann.id)
    const member = await add({ name: 'member', level: 'project' })
    members.set(member, 3)

    expect((await ask('DELETE', `/${auditor}`, ADMIN)).status).toBe(412)
    expect((await ask('DELETE', `/${member}`, ADMIN)).status).toBe(412)
    expect((await ask('DELETE', `/${auditor}?force=true`, ADMIN)).status).toBe(200)
    expect((await ask('DELETE', `/${member}?force=true`, ADMIN)).status).toBe(200)
    expect(await findGrants(db, ann.id)).toBeUndefined()
    expect(members.get(member)).toBeUndefined()
  })
})
