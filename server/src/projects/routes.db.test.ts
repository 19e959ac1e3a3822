import { afterAll, expect, test } from 'vitest'
import { decide, decideEverywhere } from '../access/decide.ts'
import { ROLE_IDS, type Role } from '../access/roles.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { as, buildRest } from '../platform/http/testing.ts'
import { settingsOf } from '../settings/testing.ts'
import { addUser } from '../users/testing.ts'
import { selectRelations } from './list-store.ts'
import { projectMetadataRoutes } from './metadata/routes.ts'
import { projectsRoutes } from './routes.ts'
import { findProject } from './service.ts'
import { addRole, projectsDeps } from './testing.ts'

const { db, drop } = await createTestDatabase()
const deps = projectsDeps(db)
const root = await addUser(db, 'root')
const ann = await addUser(db, 'ann')
const bob = await addUser(db, 'bob')
const ROOT = as({ ...root, sysadmin: true })
const ANN = as(ann)
const BOB = as(bob)

const app = await build(deps)

function build(services = deps) {
  return buildRest({
    routes: [projectsRoutes(services), projectMetadataRoutes(services)],
    decide,
    decideEverywhere,
    async projectContext(principal, nameOrId, byName) {
      const project = await findProject(deps, nameOrId, byName)
      if (!project) return undefined
      const userId = principal.kind === 'user' ? principal.id : undefined
      const { roleIds } = await selectRelations(db, project.id, userId)
      const roles = (Object.keys(ROLE_IDS) as Role[]).filter((role) => roleIds.includes(ROLE_IDS[role]))
      return { id: project.id, name: project.name, public: project.public, roles }
    },
  })
}

afterAll(async () => {
  await app.close()
  await drop()
})

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'

async function ask(method: Method, path: string, headers: Record<string, string> = {}, body?: object) {
  const answer = await app.inject({
    method,
    url: `/api/v2.0${path}`,
    headers,
    ...(body ? { payload: body } : {}),
  })
  const json = answer.body === '' ? undefined : answer.json()
  return { status: answer.statusCode, headers: answer.headers, json, error: json?.errors?.[0] }
}

/** Creates a project as ann and answers its id. */
async function create(name: string, metadata: Record<string, string> = {}): Promise<number> {
  const { status, headers } = await ask('POST', '/projects', ANN, { project_name: name, metadata })
  expect(status).toBe(201)
  return Number(/^\/api\/v2\.0\/projects\/(\d+)$/.exec(String(headers.location))?.[1])
}

test('a project is created and read back in the shape of Harbor', async () => {
  const id = await create('shape', { public: 'true', auto_scan: 'true' })

  const { json } = await ask('GET', `/projects/${id}`, ANN)

  expect(json).toEqual({
    project_id: id,
    name: 'shape',
    owner_id: ann.id,
    owner_name: 'ann',
    creation_time: expect.stringMatching(/^\d{4}-.*Z$/),
    update_time: expect.stringMatching(/^\d{4}-.*Z$/),
    current_user_role_id: 1,
    current_user_role_ids: [1],
    repo_count: 0,
    metadata: { public: 'true', auto_scan: 'true' },
    cve_allowlist: {
      id,
      project_id: id,
      items: [],
      creation_time: '0001-01-01T00:00:00.000Z',
      update_time: '0001-01-01T00:00:00.000Z',
    },
  })
  expect((await ask('GET', '/projects/shape')).json).toMatchObject({ current_user_role_ids: null })
})

test.each([
  [{}, 400],
  [{ project_name: 'UPPER' }, 400],
  [{ project_name: 'x'.repeat(256) }, 422],
  [{ project_name: 5 }, 422],
  [{ project_name: 'bad-flag', metadata: { public: 'maybe' } }, 400],
  [{ project_name: 'bad-severity', metadata: { severity: 'terrible' } }, 400],
  [{ project_name: 'proxy', registry_id: 99 }, 404],
  [{ project_name: 'nul', metadata: { proxy_cache_filter_pattern: '\u0000' } }, 400],
])('%j is refused with %i', async (body, status) => {
  expect((await ask('POST', '/projects', ROOT, body)).status).toBe(status)
})

test('a limit is checked, kept for administrators and passed over for others', async () => {
  const limited = { project_name: 'limited', storage_limit: 1024 }
  expect((await ask('POST', '/projects', ROOT, { ...limited, storage_limit: -5 })).status).toBe(400)

  await ask('POST', '/projects', ROOT, limited)
  await ask('POST', '/projects', ANN, { ...limited, project_name: 'unlimited' })

  const quota = async (name: string) => (await ask('GET', `/projects/${name}/summary`, ROOT)).json.quota
  expect(await quota('limited')).toEqual({ hard: { storage: 1024 }, used: { storage: 0 } })
  expect(await quota('unlimited')).toEqual({ hard: { storage: -1 }, used: { storage: 0 } })
})

test('the location can carry the name', async () => {
  const headers = { ...ANN, 'x-resource-name-in-location': 'true' }

  const answer = await ask('POST', '/projects', headers, { project_name: 'located' })

  expect(answer.headers.location).toBe('/api/v2.0/projects/located')
})

test('creating takes somebody who has signed in', async () => {
  expect(await ask('POST', '/projects', {}, { project_name: 'anonymous' })).toMatchObject({ status: 401 })
})

test('HEAD says whether a name is taken', async () => {
  await create('taken')

  expect((await ask('HEAD', '/projects?project_name=taken', BOB)).status).toBe(200)
  expect((await ask('HEAD', '/projects?project_name=untaken', BOB)).status).toBe(404)
  expect((await ask('HEAD', '/projects?project_name=taken')).status).toBe(401)
  expect((await ask('HEAD', '/projects', BOB)).status).toBe(422)
})

test('a list is filtered by q and by parameters, paged and linked', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) await create(name)

  const page = await ask('GET', '/projects?q=name=~list-&sort=-name&page=2&page_size=1', ANN)
  const named = await ask('GET', '/projects?name=list-b&owner=ann', ANN)
  const bare = await ask('GET', '/projects?name=list-b&with_detail=false', ANN)

  expect(page.json.map(({ name }: { name: string }) => name)).toEqual(['list-b'])
  expect(page.headers).toMatchObject({
    'x-total-count': '3',
    link: expect.stringContaining('page=3&page_size=1&q=name=~list-'),
  })
  expect(named.headers['x-total-count']).toBe('1')
  expect(bare.json[0]).not.toHaveProperty('metadata')
  expect(bare.json[0].cve_allowlist).toMatchObject({ items: null })
})

test('a private project is hidden from strangers in lists and alone', async () => {
  const id = await create('private')

  expect((await ask('GET', '/projects?name=private', BOB)).json).toEqual([])
  expect((await ask('GET', `/projects/${id}`, BOB)).error).toEqual(
    (await ask('GET', '/projects/99999', BOB)).error,
  )
  expect((await ask('GET', `/projects/${id}`)).status).toBe(401)
})

test('who administers a project changes it, and only he', async () => {
  const id = await create('changed')
  await addRole(db, id, bob.id, 'maintainer')
  const change = {
    metadata: { public: 'true' },
    cve_allowlist: { items: [{ cve_id: 'CVE-1' }, { cve_id: 'CVE-1' }] },
  }

  expect((await ask('PUT', `/projects/${id}`, BOB, change)).status).toBe(403)
  expect((await ask('PUT', `/projects/${id}`, ANN, change)).status).toBe(200)

  const { json } = await ask('GET', `/projects/${id}`, BOB)
  expect(json).toMatchObject({
    metadata: { public: 'true' },
    cve_allowlist: { items: [{ cve_id: 'CVE-1' }] },
  })
  expect(json.current_user_role_id).toBe(4)
})

test('a project is deleted while it is empty, and says so before', async () => {
  const id = await create('doomed')
  const { id: repository } = await db
    .insertInto('repositories')
    .values({ project_id: id, name: 'app' })
    .returning('id')
    .executeTakeFirstOrThrow()
  expect((await ask('GET', `/projects/${id}/_deletable`, ANN)).json).toEqual({
    message: 'the project contains repositories, can not be deleted',
  })
  expect(await ask('DELETE', `/projects/${id}`, ANN)).toMatchObject({
    status: 412,
    error: { code: 'PRECONDITION' },
  })

  await db.deleteFrom('repositories').where('id', '=', repository).execute()

  expect((await ask('GET', `/projects/${id}/_deletable`, ANN)).json).toEqual({ deletable: true })
  expect((await ask('DELETE', `/projects/${id}`, ANN)).status).toBe(200)
  expect((await ask('GET', `/projects/${id}`, ROOT)).status).toBe(404)
})

test('a summary shows members to those who may list them and the quota to members', async () => {
  const id = await create('summed', { public: 'true' })
  await addRole(db, id, bob.id, 'limitedGuest')
  const quota = { hard: { storage: -1 }, used: { storage: 0 } }

  expect((await ask('GET', `/projects/${id}/summary`, ANN)).json).toEqual({
    repo_count: 0,
    project_admin_count: 1,
    maintainer_count: 0,
    developer_count: 0,
    guest_count: 0,
    limited_guest_count: 1,
    quota,
  })
  expect((await ask('GET', `/projects/${id}/summary`, BOB)).json).toEqual({ repo_count: 0, quota })
  expect((await ask('GET', `/projects/${id}/summary`)).json).toEqual({ repo_count: 0 })
})

test('metadata is read and written one by one', async () => {
  const path = `/projects/${await create('meta')}/metadatas/`

  expect((await ask('POST', path, ANN, { prevent_vul: 'true' })).status).toBe(200)
  expect((await ask('POST', path, ANN, { prevent_vul: 'true' })).status).toBe(409)
  expect((await ask('POST', path, ANN, { prevent_vul: 'true', auto_scan: 'true' })).status).toBe(400)
  expect((await ask('POST', path, ANN, { nonsense: 'true' })).status).toBe(400)
  expect((await ask('PUT', `${path}prevent_vul`, ANN, { auto_scan: 'false' })).status).toBe(400)
  expect((await ask('PUT', `${path}public`, ANN, { public: 'true' })).status).toBe(200)
  expect((await ask('GET', `${path}nothing`, ANN)).json).toEqual({})
  expect((await ask('GET', path, ANN)).status).toBe(403)
  expect((await ask('GET', path, ROOT)).json).toEqual({ public: 'true', prevent_vul: 'true' })
  expect((await ask('DELETE', `${path}prevent_vul`, ANN)).status).toBe(200)
  expect((await ask('DELETE', `${path}public`, ANN)).status).toBe(200)
  expect((await ask('GET', path, ROOT)).json).toEqual({ public: 'false' })
})

test('where administrators alone create projects a user is refused', async () => {
  const settings = settingsOf({ project_creation_restriction: 'adminonly' })
  const restricted = await build({ ...deps, settings })
  const post = (headers: Record<string, string>, project_name: string) =>
    restricted.inject({ method: 'POST', url: '/api/v2.0/projects', headers, payload: { project_name } })

  const refused = await post(ANN, 'restricted-ann')

  expect(refused.statusCode).toBe(403)
  expect(refused.json().errors).toEqual([
    { code: 'FORBIDDEN', message: 'Only system admin can create project' },
  ])
  expect(await findProject(deps, 'restricted-ann', true)).toBeUndefined()
  expect((await post(ROOT, 'restricted-root')).statusCode).toBe(201)
  await restricted.close()
})

test('a new project has the limit of the settings, and an administrator may give it another', async () => {
  const limited = await build({ ...deps, settings: settingsOf({ storage_per_project: 1024 }) })
  const create = async (headers: Record<string, string>, payload: object) => {
    const { statusCode } = await limited.inject({
      method: 'POST',
      url: '/api/v2.0/projects',
      headers,
      payload,
    })
    expect(statusCode).toBe(201)
  }
  await create(ANN, { project_name: 'limited-ann', storage_limit: 5 })
  await create(ROOT, { project_name: 'limited-root', storage_limit: 5 })
  await create(ROOT, { project_name: 'limited-not', storage_limit: -1 })
  // harbor-cli sends 0 where nobody said anything.
  await create(ROOT, { project_name: 'limited-zero', storage_limit: 0 })

  const limitOf = async (name: string) => (await findProject(deps, name, true))?.storageLimit

  const names = ['limited-ann', 'limited-root', 'limited-not', 'limited-zero']
  expect(await Promise.all(names.map(limitOf))).toEqual([1024, 5, -1, 1024])
  await limited.close()
})
