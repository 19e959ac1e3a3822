import { beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { addMember, createProject, createUser, openAsAdministrator, uniqueName } from '../harness/project.ts'
import { codesOf, fetchToken, type Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const site = useSite()
let admin: Registry

beforeAll(() => {
  admin = openAsAdministrator(site.server)
})

function put(registry: Registry, path: string, body: object) {
  return registry.send({
    method: 'PUT',
    path: `/api/v2.0${path}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

test('after a rename the old name pulls, and refuses pushes, until it is dropped', async () => {
  const project = await createProject(site.server)
  const image = await openRepository(admin, `${project.name}/app`).pushImage('1')
  const name = uniqueName('renamed')

  const renamed = await put(admin, `/projects/${project.name}/name`, { name })

  expect(renamed.status).toBe(200)
  const old = openRepository(admin, `${project.name}/app`)
  const now = openRepository(admin, `${name}/app`)
  for (const repository of [old, now]) {
    expect((await admin.get(repository.at('manifests/1'))).body).toEqual(Buffer.from(image.manifest.bytes))
    expect((await admin.head(repository.at(`blobs/${image.layers[0]?.digest}`))).status).toBe(200)
    expect(json(await admin.get(repository.at('tags/list')))).toMatchObject({ tags: ['1'] })
  }
  await now.pushImage('2')
  await expect(old.pushImage('3')).rejects.toThrow(/403.*is called/)
  for (const what of [
    'manifests/1',
    `manifests/${image.manifest.digest}`,
    `blobs/${image.layers[0]?.digest}`,
  ]) {
    const refused = await admin.delete(old.at(what))
    expect([refused.status, codesOf(refused)]).toEqual([403, ['DENIED']])
    expect((await admin.head(now.at(what))).status).toBe(200)
  }
  const aliases = await admin.get(`/api/v2.0/projects/${name}/aliases`)
  expect(json(aliases)).toMatchObject([{ name: project.name }])
  expect(aliases.headers['x-total-count']).toBe('1')
  expect(json(await admin.get(`/api/v2.0/projects/${name}/aliases?page=2`))).toEqual([])

  const dropped = await admin.delete(`/api/v2.0/projects/${name}/aliases/${project.name}`)

  expect(dropped.status).toBe(200)
  expect((await admin.get(old.at('manifests/1'))).status).toBe(404)
  expect((await admin.get(now.at('manifests/1'))).status).toBe(200)
})

test('nothing is deleted by the old name over REST either, the project least of all', async () => {
  const project = await createProject(site.server)
  const name = uniqueName('renamed')
  await put(admin, `/projects/${project.name}/name`, { name })
  await openRepository(admin, `${name}/app`).pushImage('1')
  const below = [
    '/repositories/app',
    '/repositories/app/artifacts/1',
    '/repositories/app/artifacts/1/tags/1',
    '',
  ]

  for (const rest of below) {
    const refused = await admin.delete(`/api/v2.0/projects/${project.name}${rest}`)
    expect([refused.status, codesOf(refused)]).toEqual([403, ['DENIED']])
  }

  expect(json(await admin.get(`/api/v2.0/projects/${project.name}`))).toMatchObject({ name })
  expect((await admin.delete(`/api/v2.0/projects/${name}/repositories/app`)).status).toBe(200)
  expect((await admin.delete(`/api/v2.0/projects/${project.id}`)).status).toBe(200)
})

test('a token from before the rename goes on pulling', async () => {
  const project = await createProject(site.server)
  const user = await createUser(site.server)
  await addMember(site.server, project, user, 'guest')
  const repository = openRepository(admin, `${project.name}/app`)
  await repository.pushImage('1')
  const anonymous = admin.as()
  const challenge = String((await anonymous.get(repository.at('manifests/1'))).headers['www-authenticate'])
  const token = await fetchToken(admin.as(user), challenge)

  await put(admin, `/projects/${project.name}/name`, { name: uniqueName('renamed') })

  expect((await admin.as({ token }).get(repository.at('manifests/1'))).status).toBe(200)
})

test('a name that somebody takes is his alone', async () => {
  const project = await createProject(site.server)
  await openRepository(admin, `${project.name}/app`).pushImage('1')
  await put(admin, `/projects/${project.name}/name`, { name: uniqueName('renamed') })

  await createProject(site.server, { name: project.name })

  expect((await admin.get(`/v2/${project.name}/app/manifests/1`)).status).toBe(404)
})

test('a project can have its old name back', async () => {
  const project = await createProject(site.server)
  const name = uniqueName('renamed')
  await put(admin, `/projects/${project.name}/name`, { name })

  expect((await put(admin, `/projects/${name}/name`, { name: project.name })).status).toBe(200)

  expect(json(await admin.get(`/api/v2.0/projects/${project.id}`))).toMatchObject({ name: project.name })
  expect(json(await admin.get(`/api/v2.0/projects/${project.id}/aliases`))).toMatchObject([{ name }])
})

test.each(['Upper', 'a/b', '', '-a'])('%j is no name to rename to', async (name) => {
  const project = await createProject(site.server)

  const answer = await put(admin, `/projects/${project.id}/name`, { name })

  expect([400, 422]).toContain(answer.status)
  expect(json(await admin.get(`/api/v2.0/projects/${project.id}`))).toMatchObject({ name: project.name })
})

test('a name that a live project has is refused', async () => {
  const [one, other] = [await createProject(site.server), await createProject(site.server)]

  const answer = await put(admin, `/projects/${one.id}/name`, { name: other.name })

  expect(answer.status).toBe(409)
  expect(codesOf(answer)).toEqual(['CONFLICT'])
})

test('only who administers the project renames it', async () => {
  const project = await createProject(site.server)
  const maintainer = await createUser(site.server)
  const projectAdmin = await createUser(site.server)
  await addMember(site.server, project, maintainer, 'maintainer')
  await addMember(site.server, project, projectAdmin, 'projectAdmin')
  const name = uniqueName('renamed')

  expect((await put(admin.as(), `/projects/${project.id}/name`, { name })).status).toBe(401)
  expect((await put(admin.as(maintainer), `/projects/${project.id}/name`, { name })).status).toBe(403)
  expect((await put(admin.as(projectAdmin), `/projects/${project.id}/name`, { name })).status).toBe(200)
})
