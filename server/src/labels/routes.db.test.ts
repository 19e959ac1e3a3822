import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { findProjectContext } from '../members/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { addProject, addRole, projectsDeps } from '../projects/testing.ts'
import { addUser } from '../users/testing.ts'
import { labelsRoutes } from './routes.ts'

const { db, drop } = await createTestDatabase()
const projects = projectsDeps(db)
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ADMIN = as({ id: 1, username: 'admin', sysadmin: true })
const ANN = as(ann)
const BOB = as(bob)
/** Ann administers `team`, bob is a guest of it; `other` is somebody else's. */
let team: number
let other: number

const app = await buildRest({
  routes: [labelsRoutes({ db })],
  decide,
  decideEverywhere,
  projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
})

beforeEach(async () => {
  for (const table of ['labels', 'members', 'projects', 'events'] as const) {
    await db.deleteFrom(table).execute()
  }
  const dan = await addUser(db, `dan-${crypto.randomUUID()}`)
  team = await addProject(projects, ann, 'team')
  other = await addProject(projects, dan, 'other')
  await addRole(db, team, bob.id, 'guest')
  await db.deleteFrom('events').execute()
})
afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0/labels${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json, error: json?.errors?.[0] }
}

async function add(headers: Record<string, string>, body: object): Promise<number> {
  const { status, headers: answered } = await ask('POST', '', headers, body)
  expect(status).toBe(201)
  return Number(/\/labels\/(\d+)$/.exec(String(answered.location))?.[1])
}

const names = (json: { name: string }[]) => json.map(({ name }) => name)

describe('a label', () => {
  test('is made, read, changed and removed, and each is told', async () => {
    const id = await add(ANN, { name: 'one', color: '#00ab9a', scope: 'p', project_id: team })
    const made = await ask('GET', `/${id}`, BOB)
    const change = { name: 'uno', description: 'first', scope: 'g', project_id: other }
    const changed = await ask('PUT', `/${id}`, ANN, change)
    const after = await ask('GET', `/${id}`, BOB)
    const removed = await ask('DELETE', `/${id}`, ANN)

    expect(made.json).toMatchObject({ id, name: 'one', color: '#00ab9a', scope: 'p', project_id: team })
    expect(made.json).not.toHaveProperty('description')
    expect([changed.status, removed.status]).toEqual([200, 200])
    expect(after.json).toMatchObject({ id, name: 'uno', description: 'first', scope: 'p', project_id: team })
    expect((await ask('GET', `/${id}`, ANN)).status).toBe(404)
    expect(await eventTypes(db)).toEqual(['label.created', 'label.updated', 'label.deleted'])
  })

  test('has a name of its own among the global ones and in each project', async () => {
    await add(ADMIN, { name: 'one', scope: 'g' })
    await add(ANN, { name: 'one', scope: 'p', project_id: team })
    await add(ADMIN, { name: 'one', scope: 'p', project_id: other })
    const two = await add(ANN, { name: 'two', scope: 'p', project_id: team })

    expect((await ask('POST', '', ADMIN, { name: 'one', scope: 'g' })).status).toBe(409)
    expect((await ask('PUT', `/${two}`, ANN, { name: 'one' })).status).toBe(409)
    expect((await ask('GET', `/${two}`, ANN)).json.name).toBe('two')
  })

  test.each([
    [{ name: '', scope: 'g' }, 400],
    [{ name: '  ', scope: 'g' }, 400],
    [{ scope: 'g' }, 400],
    [{ name: 'x'.repeat(129), scope: 'g' }, 400],
    [{ name: 'x', color: '#'.repeat(17), scope: 'g' }, 400],
    [{ name: 'x\u0000', scope: 'g' }, 400],
    [{ name: 'x' }, 400],
    [{ name: 'x', scope: 'z' }, 400],
    [{ name: 'x', scope: 'p' }, 400],
    [{ name: 'x', scope: 'p', project_id: -1 }, 400],
    [{ name: 'x', scope: 'p', project_id: 99999999 }, 404],
    [{ name: 7, scope: 'g' }, 422],
  ])('%j is refused with %i', async (body, status) => {
    expect((await ask('POST', '', ADMIN, body)).status).toBe(status)
    expect(await eventTypes(db)).toEqual([])
  })
})

describe('who may', () => {
  test('global labels are read one by one and changed by administrators, and listed by everybody', async () => {
    const id = await add(ADMIN, { name: 'one', scope: 'g' })

    expect((await ask('POST', '', ANN, { name: 'x', scope: 'g' })).status).toBe(403)
    expect((await ask('PUT', `/${id}`, ANN, { name: 'x', scope: 'p', project_id: team })).status).toBe(403)
    expect((await ask('DELETE', `/${id}`, ANN)).status).toBe(403)
    expect((await ask('DELETE', `/${id}`)).status).toBe(401)
    expect((await ask('GET', `/${id}`, ADMIN)).status).toBe(200)
    expect(names((await ask('GET', '?scope=g')).json)).toEqual(['one'])
  })

  test('the project of the label decides, whatever project the body names', async () => {
    const id = await add(ADMIN, { name: 'one', scope: 'p', project_id: other })

    const change = await ask('PUT', `/${id}`, ANN, { name: 'x', scope: 'p', project_id: team })
    const removal = await ask('DELETE', `/${id}`, ANN)

    expect([change.status, removal.status]).toEqual([403, 403])
    expect((await ask('GET', `/${id}`, ANN)).status).toBe(403)
    expect((await ask('GET', `/${id}`)).status).toBe(401)
    expect((await ask('GET', `/${id}`, ADMIN)).json.name).toBe('one')
  })

  test('guests read and list labels of their project and change none', async () => {
    const id = await add(ANN, { name: 'one', scope: 'p', project_id: team })

    expect((await ask('GET', `?scope=p&project_id=${team}`, BOB)).status).toBe(200)
    expect((await ask('GET', `/${id}`, BOB)).status).toBe(200)
    expect((await ask('POST', '', BOB, { name: 'x', scope: 'p', project_id: team })).status).toBe(403)
    expect((await ask('PUT', `/${id}`, BOB, { name: 'x' })).status).toBe(403)
    expect((await ask('DELETE', `/${id}`, BOB)).status).toBe(403)
  })

  test('a project that is not there and one that is hidden are refused alike', async () => {
    const missing = await ask('GET', '?scope=p&project_id=99999999', ANN)
    const hidden = await ask('GET', `?scope=p&project_id=${other}`, ANN)

    expect(missing.status).toBe(403)
    expect(missing.json).toEqual(hidden.json)
  })
})

describe('the list', () => {
  test('holds one project only, filtered and sorted, with its total', async () => {
    for (const name of ['beta', 'alpha', 'gamma']) {
      await add(ANN, { name, scope: 'p', project_id: team })
    }
    await add(ADMIN, { name: 'alpha', scope: 'g' })
    await add(ADMIN, { name: 'alpha', scope: 'p', project_id: other })

    const page = await ask('GET', `?scope=p&project_id=${team}&page_size=2`, ANN)
    const sorted = await ask('GET', `?scope=p&project_id=${team}&sort=-creation_time`, ANN)

    expect(names(page.json)).toEqual(['alpha', 'beta'])
    expect(page.headers['x-total-count']).toBe('3')
    expect(names(sorted.json)).toEqual(['gamma', 'alpha', 'beta'])
    expect(names((await ask('GET', `?scope=p&project_id=${team}&name=AMM`, ANN)).json)).toEqual(['gamma'])
    expect(names((await ask('GET', `?scope=p&project_id=${team}&q=name=beta`, ANN)).json)).toEqual(['beta'])
    const [all, unknown] = [
      await ask('GET', `?scope=p&project_id=${team}`, ANN),
      await ask('GET', `?scope=p&project_id=${team}&q=secret=1`, ANN),
    ]
    expect(unknown.json).toEqual(all.json)
  })

  test.each(['', '?scope=x', '?scope=p', '?scope=p&project_id=0'])('%j is refused', async (query) => {
    expect((await ask('GET', query, ADMIN)).status).toBe(400)
  })
})
