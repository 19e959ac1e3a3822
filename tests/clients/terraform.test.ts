import { beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { openAsAdministrator } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import { useSite } from '../harness/site.ts'

/**
 * What the Terraform provider for Harbor sends, as recorded from it: it creates, reads what the Location names,
 * changes by a PUT with all it knows, and reads again. A field that reads otherwise than it was written is a diff
 * in every plan.
 */
const site = useSite()
let admin: Registry

beforeAll(() => {
  admin = openAsAdministrator(site.server)
})

async function call(method: string, path: string, body?: object) {
  const answer = await admin.send({
    method,
    path,
    headers: { 'User-Agent': 'Go-http-client/1.1', 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString('utf8')}`)
  return answer
}

/** Creates, and answers where the object is as the provider takes it from the Location. */
async function create(path: string, body: object): Promise<string> {
  return String((await call('POST', `/api/v2.0${path}`, body)).headers.location)
}

async function read(path: string): Promise<Record<string, unknown>> {
  return json(await call('GET', path)) as Record<string, unknown>
}

test('labels, global and of a project', async () => {
  const project = await create('/projects', { project_name: 'tf-labels', metadata: { public: 'false' } })
  const id = Number(project.split('/').at(-1))
  for (const place of [
    { scope: 'g', project_id: 0 },
    { scope: 'p', project_id: id },
  ]) {
    const label = { color: '#FF0000', deleted: false, ...place, id: 0, name: 'accTest' }
    const at = await create('/labels', { ...label, description: 'first' })
    expect(at).toMatch(/^\/api\/v2\.0\/labels\/\d+$/)

    await call('PUT', at, { ...label, description: 'second' })

    expect(await read(at)).toMatchObject({ name: 'accTest', color: '#FF0000', description: 'second' })
    await call('DELETE', at)
  }
  await call('DELETE', project)
})

test('a project with everything the provider says of it', async () => {
  const metadata = {
    enable_content_trust: 'false',
    enable_content_trust_cosign: 'false',
    auto_scan: 'false',
    auto_sbom_generation: 'false',
    public: 'false',
  }
  const body = { project_name: 'tf-main', cve_allowlist: {}, storage_limit: 5368709120, metadata }
  const at = await create('/projects', body)

  await call('PUT', at, { ...body, metadata: { ...metadata, public: 'true' } })

  expect(await read(at)).toMatchObject({ name: 'tf-main', metadata: { ...metadata, public: 'true' } })
  const summary = await read(`${at}/summary`)
  expect(summary).toMatchObject({ quota: { hard: { storage: 5368709120 } } })
  await call('DELETE', at)
})

test('a user, whose profile is written with password and administrator flag in it', async () => {
  const body = {
    username: 'tf-john',
    password: 'Password12345!',
    realname: 'John first',
    email: 'john@smith.com',
    new_password: 'Password12345!',
  }
  const at = await create('/users', body)
  const john = openRegistry(site.server.url, { username: 'tf-john', password: 'Password12345!' })
  const hostile = { ...body, realname: 'John second', sysadmin_flag: true, password: 'An0therPassword' }

  const own = await john.send({
    method: 'PUT',
    path: at,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(hostile),
  })

  expect(own.status).toBe(200)
  expect(await read(at)).toMatchObject({ realname: 'John second', sysadmin_flag: false })
  expect((await john.get('/api/v2.0/users/current')).status).toBe(200)
  await call('PUT', `${at}/sysadmin`, { ...hostile })
  expect(await read(at)).toMatchObject({ sysadmin_flag: true, email: 'john@smith.com' })
  await call('DELETE', at)
})

test('members, with the half that is not meant sent empty', async () => {
  const project = await create('/projects', { project_name: 'tf-members', metadata: { public: 'false' } })
  const group = await create('/usergroups', { group_name: 'storage-group', group_type: 3 })
  const user = await create('/users', {
    username: 'tf-ann',
    password: 'Password12345!',
    realname: 'Ann',
    email: 'ann@smith.com',
  })
  const members = `${project.replace('/api/v2.0', '')}/members`
  const ann = { member_group: {}, member_user: { username: 'tf-ann' } }

  const one = await create(members, { role_id: 2, ...ann })
  const other = await create(members, {
    role_id: 3,
    member_group: { group_type: 3, group_name: 'storage-group' },
    member_user: {},
  })
  await call('PUT', one, { role_id: 4, ...ann })

  expect(await read(one)).toMatchObject({ role_id: 4, entity_type: 'u', entity_name: 'tf-ann' })
  expect(await read(other)).toMatchObject({ role_id: 3, entity_type: 'g', entity_name: 'storage-group' })
  expect(await read(group)).toMatchObject({ group_name: 'storage-group', group_type: 3 })
  for (const at of [one, other, group, user, project]) await call('DELETE', at)
})

test('robots of both levels, with a secret set afterwards, under a prefix of their own', async () => {
  await call('PUT', '/api/v2.0/configurations', {
    project_creation_restriction: 'adminonly',
    robot_name_prefix: 'harbor@',
    robot_token_duration: 30,
  })
  const project = await create('/projects', { project_name: 'tf-robots', metadata: { public: 'false' } })
  const repository = [
    { action: 'push', resource: 'repository' },
    { action: 'pull', resource: 'repository' },
  ]
  const system = {
    level: 'system',
    duration: -1,
    permissions: [
      { access: [{ action: 'pull', resource: 'repository' }], kind: 'project', namespace: '*' },
      { access: repository, kind: 'project', namespace: 'tf-robots' },
      { access: [{ action: 'create', resource: 'label' }], kind: 'system', namespace: '/' },
    ],
  }
  const ofProject = {
    level: 'project',
    duration: -1,
    permissions: [{ access: repository, kind: 'project', namespace: 'tf-robots' }],
  }
  const one = await create('/robots', { name: 'tf-system', description: 'first', ...system })
  const other = await create('/robots', { name: 'tf-project', description: 'first', ...ofProject })
  await call('PATCH', one, { secret: 'Password12345A' })

  const names = [(await read(one)).name, (await read(other)).name]
  expect(names).toEqual(['harbor@tf-system', 'harbor@tf-robots+tf-project'])
  await call('PUT', one, { name: names[0], description: 'second', ...system })
  await call('PUT', other, { name: names[1], description: 'second', ...ofProject })

  const asWritten = (robot: Record<string, unknown>) => ({
    ...robot,
    permissions: (robot.permissions as { namespace: string; access: object[] }[])
      .map(({ access, ...entry }) => ({
        ...entry,
        access: access.map((one) => JSON.stringify(one, ['action', 'resource'])).sort(),
      }))
      .sort((a, b) => (a.namespace < b.namespace ? -1 : 1)),
  })
  expect(asWritten(await read(one))).toMatchObject(asWritten({ description: 'second', ...system }))
  expect(asWritten(await read(other))).toMatchObject(asWritten({ description: 'second', ...ofProject }))
  const login = openRegistry(site.server.url, { username: 'harbor@tf-system', password: 'Password12345A' })
  expect((await login.get('/v2/')).status).toBe(200)
  for (const at of [one, other, project]) await call('DELETE', at)
})
