import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { addProjectAdmin, findProjectContext } from '../members/service.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { eventTypes } from '../platform/events/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { createProject } from '../projects/service.ts'
import { addRole, projectsDeps } from '../projects/testing.ts'
import { createPasswords } from '../users/passwords.ts'
import { addUser } from '../users/testing.ts'
import { projectRobotsRoutes } from './older/routes.ts'
import { robotsRoutes } from './routes.ts'
import { matchesGenerated } from './secrets.ts'
import { findByIds } from './store.ts'
import { robotsOfDeletedProjects } from './subscribers.ts'

const { db, drop } = await createTestDatabase()
const passwords = createPasswords()
const forgotten: number[] = []
const deps = {
  db,
  passwords,
  namePrefix: () => 'robot$',
  defaultDays: () => 30,
  onRobotChanged: (id: number) => void forgotten.push(id),
}
const root = await addUser(db, 'root')
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ROOT = as({ ...root, sysadmin: true })
const ANN = as(ann)
const BOB = as(bob)
let team: number
let other: number

const app = await buildRest({
  routes: [robotsRoutes(deps), projectRobotsRoutes(deps)],
  decide,
  decideEverywhere,
  projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
})

beforeEach(async () => {
  for (const table of ['robots', 'members', 'project_aliases', 'projects', 'events'] as const) {
    await db.deleteFrom(table).execute()
  }
  const projects = { ...projectsDeps(db), addProjectAdmin }
  team = await createProject(projects, { name: 'team', metadata: {} }, ann)
  other = await createProject(projects, { name: 'other', metadata: {} }, ann)
  await addRole(db, team, bob.id, 'guest')
})
afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const url = `/api/v2.0${path}`
  const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json, error: json?.errors?.[0] }
}

const entry = (namespace: string, ...words: string[]) => ({
  kind: namespace === '/' ? 'system' : 'project',
  namespace,
  access: words.map((word) => {
    const [resource, action] = word.split(':')
    return { resource, action }
  }),
})
const ci = (change: object = {}) => ({
  name: 'ci',
  level: 'project',
  duration: 7,
  permissions: [entry('team', 'repository:pull', 'repository:push')],
  ...change,
})

async function create(headers: Record<string, string>, body: object) {
  const answer = await ask('POST', '/robots', headers, body)
  expect(answer.error).toBeUndefined()
  return answer.json as { id: number; name: string; secret: string; expires_at: number }
}

describe('a robot of a project', () => {
  test('is created with a generated secret, kept as a plain hash, and read back without it', async () => {
    const answer = await ask('POST', '/robots', ANN, ci({ description: 'builds' }))
    const { id, secret, expires_at, creation_time } = answer.json
    const [stored] = await findByIds(db, [id])

    expect(answer.status).toBe(201)
    expect(answer.headers.location).toBe(`/api/v2.0/robots/${id}`)
    expect(answer.json.name).toBe('robot$team+ci')
    expect(matchesGenerated(stored?.secretHash, secret)).toBe(true)
    expect(expires_at).toBe(Math.floor(Date.parse(creation_time) / 1000) + 7 * 86_400)
    expect((await ask('GET', `/robots/${id}`, BOB)).json).toEqual({
      id,
      name: 'robot$team+ci',
      description: 'builds',
      level: 'project',
      duration: 7,
      editable: true,
      disable: false,
      expires_at,
      permissions: [entry('team', 'repository:pull', 'repository:push')],
      creator_type: 'local',
      creator_ref: ann.id,
      creation_time,
      update_time: creation_time,
    })
    expect((await eventTypes(db)).at(-1)).toBe('robot.created')
  })

  test('with a secret of somebody’s choice has a password', async () => {
    const { id, secret } = await create(ANN, ci({ secret: 'Chosen12345' }))
    const [stored] = await findByIds(db, [id])

    expect(secret).toBe('Chosen12345')
    expect(stored?.secretHash).toMatch(/^\$argon2id\$/)
  })

  test.each<[string, object, number]>([
    ['a bad name', { name: 'C I' }, 400],
    ['a weak secret', { secret: 'weak' }, 400],
    ['no duration', { duration: 0 }, 400],
    ['a project that is none', { permissions: [entry('nowhere', 'repository:pull')] }, 403],
    ['all projects', { permissions: [entry('*', 'repository:pull')] }, 403],
    ['a name with a NUL', { permissions: [entry('te\u0000am', 'repository:pull')] }, 403],
    ['two entries', { permissions: [entry('team', 'tag:list'), entry('other', 'tag:list')] }, 400],
    ['the level of another', { level: 'system' }, 403],
    ['permissions that are no list', { permissions: 'all' }, 422],
  ])('is refused with %s, and nothing is written', async (_what, change, status) => {
    expect((await ask('POST', '/robots', ANN, ci(change))).status).toBe(status)
    expect(await db.selectFrom('robots').selectAll().execute()).toEqual([])
  })

  test('has a name of its own in its project, and may have that of one elsewhere', async () => {
    await create(ANN, ci())
    await create(ANN, ci({ permissions: [entry('other', 'tag:list')] }))

    expect((await ask('POST', '/robots', ANN, ci())).status).toBe(409)
  })

  test('is changed as a whole; the duration counts from its creation', async () => {
    const { id } = await create(ANN, ci())
    const created = Date.parse('2026-01-01T00:00:00Z')
    await db
      .updateTable('robots')
      .set({ creation_time: new Date(created) })
      .execute()
    const change = { name: 'robot$team+ci', level: 'project', duration: 30, disable: true }
    const permissions = [entry('team', 'tag:list')]

    expect((await ask('PUT', `/robots/${id}`, ANN, { ...change, permissions })).status).toBe(200)
    expect((await ask('GET', `/robots/${id}`, ANN)).json).toMatchObject({
      disable: true,
      duration: 30,
      expires_at: created / 1000 + 30 * 86_400,
      permissions,
    })
    expect(forgotten.at(-1)).toBe(id)
  })

  test.each<[string, object]>([
    ['another name', { name: 'robot$team+cd' }],
    ['another level', { level: 'system' }],
    ['another project', { permissions: [entry('other', 'tag:list')] }],
    ['no permissions', { permissions: [] }],
  ])('does not take %s', async (_what, change) => {
    const { id } = await create(ANN, ci())
    const before = (await ask('GET', `/robots/${id}`, ANN)).json

    const answer = await ask('PUT', `/robots/${id}`, ANN, ci({ name: 'robot$team+ci', ...change }))

    expect(answer.status).toBe(400)
    expect((await ask('GET', `/robots/${id}`, ANN)).json).toEqual(before)
  })

  test('gets a new secret, a generated or a given one, and another generation with it', async () => {
    const { id, secret } = await create(ANN, ci())
    const generated = await ask('PATCH', `/robots/${id}`, ANN, { secret: '' })
    const [after] = await findByIds(db, [id])
    const given = await ask('PATCH', `/robots/${id}`, ANN, { secret: 'Chosen12345' })

    expect(matchesGenerated(after?.secretHash, generated.json.secret)).toBe(true)
    expect(matchesGenerated(after?.secretHash, secret)).toBe(false)
    expect(after?.robot.generation).toBe(2)
    expect(given.json).toEqual({})
    expect((await ask('PATCH', `/robots/${id}`, ANN, { secret: 'weak' })).status).toBe(400)
    expect((await ask('PATCH', `/robots/${id}`, BOB, { secret: '' })).status).toBe(403)
  })

  test('keeps its place when the project gets another name', async () => {
    const { id } = await create(ANN, ci())
    await db.updateTable('projects').set({ name: 'crew' }).where('id', '=', team).execute()
    await db.insertInto('project_aliases').values({ name: 'team', project_id: team }).execute()

    expect((await ask('GET', `/robots/${id}`, ANN)).json).toMatchObject({
      name: 'robot$crew+ci',
      permissions: [{ namespace: 'crew' }],
    })
    expect((await create(ANN, ci({ name: 'cd' }))).name).toBe('robot$crew+cd')
  })

  test('goes with its project, and so does what others could do there', async () => {
    const { id } = await create(ANN, ci())
    const roaming = await create(ROOT, {
      ...ci({ level: 'system', permissions: [entry('team', 'tag:list'), entry('other', 'tag:list')] }),
    })
    await db.updateTable('projects').set({ deletion_time: new Date() }).where('id', '=', team).execute()
    const gone = await ask('GET', `/robots/${id}`, ROOT)
    const event = { id: 1, type: 'project.deleted', payload: { projectId: team }, occurrenceTime: new Date() }

    await robotsOfDeletedProjects.handle(db, [event])

    expect(gone.status).toBe(404)
    expect(await db.selectFrom('robots').select('id').execute()).toEqual([{ id: roaming.id }])
    expect((await ask('GET', `/robots/${roaming.id}`, ROOT)).json.permissions).toEqual([
      entry('other', 'tag:list'),
    ])
  })
})

describe('who may do what', () => {
  test.each<[string, Record<string, string>, number[]]>([
    ['anonymous callers', {}, [401, 401, 401, 401, 401, 401]],
    ['strangers and guests', BOB, [403, 403, 403, 403, 403, 403]],
    ['administrators of the project', ANN, [403, 403, 403, 403, 403, 403]],
    ['system administrators', ROOT, [200, 201, 200, 200, 200, 200]],
  ])('with robots of the system: %s', async (_who, caller, expected) => {
    const body = ci({ level: 'system', permissions: [entry('*', 'repository:pull')] })
    const { id, name } = await create(ROOT, body)

    const statuses = [
      await ask('GET', '/robots', caller),
      await ask('POST', '/robots', caller, { ...body, name: 'second' }),
      await ask('GET', `/robots/${id}`, caller),
      await ask('PUT', `/robots/${id}`, caller, { ...body, name }),
      await ask('PATCH', `/robots/${id}`, caller, {}),
      await ask('DELETE', `/robots/${id}`, caller),
    ].map(({ status }) => status)

    expect(statuses).toEqual(expected)
  })

  test('one that is not there is missing for everybody who has signed in', async () => {
    expect((await ask('GET', '/robots/999999', BOB)).status).toBe(404)
    expect((await ask('DELETE', '/robots/999999')).status).toBe(401)
  })

  test('an imported robot of old is deleted and nothing else', async () => {
    const { id } = await create(ANN, ci())
    await db.updateTable('robots').set({ secret_hash: null }).execute()

    expect((await ask('GET', `/robots/${id}`, ANN)).json.editable).toBe(false)
    const change = await ask('PUT', `/robots/${id}`, ANN, ci({ name: 'robot$team+ci' }))
    expect([change.status, change.error.code]).toEqual([403, 'DENIED'])
    expect((await ask('PATCH', `/robots/${id}`, ANN, {})).status).toBe(403)
    expect((await ask('DELETE', `/robots/${id}`, ANN)).status).toBe(200)
  })
})

describe('the list', () => {
  beforeEach(async () => {
    for (const name of ['b', 'a', 'c']) await create(ANN, ci({ name }))
    await create(ROOT, ci({ level: 'system', name: 's', permissions: [entry('*', 'tag:list')] }))
  })

  const names = async (query: string, caller = ROOT) =>
    (await ask('GET', `/robots?${query}`, caller)).json.map(({ name }: { name: string }) => name)
  const inTeam = () => `q=Level=project,ProjectID=${team}`

  test('is of the system, or of one project, by name', async () => {
    expect(await names('')).toEqual(['robot$s'])
    expect(await names(inTeam())).toEqual(['robot$team+a', 'robot$team+b', 'robot$team+c'])
    expect(await names(`q=Level=project,ProjectID=${other}`)).toEqual([])
  })

  test('is filtered, sorted, counted and paged', async () => {
    expect(await names(`${inTeam()},name=~B`)).toEqual(['robot$team+b'])
    expect(await names(`${inTeam()},name=a`)).toEqual(['robot$team+a'])
    expect(await names(`${inTeam()},name=team%2Ba`)).toEqual(['robot$team+a'])
    expect(await names(`${inTeam()}&sort=-name&page_size=2`)).toEqual(['robot$team+c', 'robot$team+b'])
    expect(await names(`${inTeam()},disable=true`)).toEqual([])
    const { headers } = await ask('GET', `/robots?${inTeam()}&page=2&page_size=2`, ANN)
    expect(headers['x-total-count']).toBe('3')
  })

  test.each([
    ['q=Level=project', 400],
    ['q=Level=cosmic', 400],
    ['q=Level=~project', 400],
    ['q=Level=project,ProjectID=999999', 404],
  ])('%s is refused with %i', async (query, status) => {
    expect((await ask('GET', `/robots?${query}`, ROOT)).status).toBe(status)
  })

  test('of a project that is none looks to others like one that is hidden', async () => {
    expect((await ask('GET', '/robots?q=Level=project,ProjectID=999999', BOB)).status).toBe(403)
    expect((await ask('GET', `/robots?q=Level=project,ProjectID=${other}`, BOB)).status).toBe(403)
  })
})

describe('the older interface', () => {
  test('creates, lists, changes and deletes within the project of the path', async () => {
    const made = await ask('POST', '/projects/team/robots', ANN, {
      name: 'old',
      expires_at: -1,
      access: [{ resource: `/project/${team}/repository`, action: 'pull' }],
    })
    const one = `/projects/team/robots/${made.json.id}`

    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({ name: 'robot$team+old', expires_at: -1 })
    expect((await ask('GET', '/projects/team/robots', BOB)).json).toMatchObject([
      { duration: -1, permissions: [entry('team', 'repository:pull')] },
    ])
    expect((await ask('PUT', one, ANN, { disable: true, description: 'off' })).status).toBe(200)
    expect((await ask('GET', one, ANN)).json).toMatchObject({ disable: true, description: 'off' })
    expect((await ask('PUT', one, BOB, { disable: false })).status).toBe(403)
    expect((await ask('DELETE', one, ANN)).status).toBe(200)
    expect((await ask('GET', one, ANN)).status).toBe(404)
  })

  test('knows no robot of another project, or of the system', async () => {
    const there = await create(ANN, ci({ permissions: [entry('other', 'tag:list')] }))
    const system = await create(ROOT, ci({ level: 'system', permissions: [entry('*', 'tag:list')] }))
    for (const { id } of [there, system]) {
      expect((await ask('GET', `/projects/team/robots/${id}`, ANN)).status).toBe(404)
      expect((await ask('PUT', `/projects/team/robots/${id}`, ANN, { disable: true })).status).toBe(404)
      expect((await ask('DELETE', `/projects/team/robots/${id}`, ANN)).status).toBe(404)
    }
    expect(await db.selectFrom('robots').select('disabled').execute()).toEqual([
      { disabled: false },
      { disabled: false },
    ])
  })

  test('takes dates to come, and thirty days where none is given', async () => {
    const access = [{ resource: 'repository', action: 'pull' }]
    const soon = Math.floor(Date.now() / 1000) + 3600
    const dated = await ask('POST', '/projects/team/robots', ANN, { name: 'x', access, expires_at: soon })
    const plain = await ask('POST', '/projects/team/robots', ANN, { name: 'y', access })
    const past = await ask('POST', '/projects/team/robots', ANN, { name: 'z', access, expires_at: 1000 })

    expect(dated.json.expires_at).toBe(soon)
    expect(plain.json.expires_at).toBeGreaterThan(soon + 28 * 86_400)
    expect(past.status).toBe(400)
  })
})
