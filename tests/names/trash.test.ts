import { beforeEach, expect, test } from 'vitest'
import { create, makeUser } from '../contract/operations/world.ts'
import { type Answer, json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

/** Deleted repositories and tags, and back again, over the network. */

const site = useSite()
const api = '/api/v2.0'

interface Trashed {
  id: number
  name: string
  artifact_count: number
  pull_count: number
  deleted_by: string
  restoring: boolean
}

let admin: Registry
let project: Project
let repository: Repository
/** Of the repository, whose name has a slash: encoded twice, as clients of Harbor do. */
let path: string
let trash: string

beforeEach(async () => {
  admin = openAsAdministrator(site.server)
  project = await createProject(site.server)
  const name = uniqueName('deep/app')
  repository = openRepository(admin, `${project.name}/${name}`)
  path = `${api}/projects/${project.name}/repositories/${encodeURIComponent(encodeURIComponent(name))}`
  trash = `${api}/projects/${project.name}/trash`
})

function post(registry: Registry, to: string, body?: object, method = 'POST'): Promise<Answer> {
  const headers = body ? { 'Content-Type': 'application/json' } : {}
  return registry.send({ method, path: to, headers, ...(body && { body: JSON.stringify(body) }) })
}

async function repositories(): Promise<Trashed[]> {
  return json(await admin.get(`${trash}/repositories`)) as Trashed[]
}

async function onlyOne(): Promise<Trashed> {
  const [found, ...others] = await repositories()
  expect(others).toEqual([])
  if (!found) throw new Error('the trash is empty')
  return found
}

const restore = (registry: Registry, id: number, name?: string) =>
  post(registry, `${trash}/repositories/${id}/restore${name ? `?name=${encodeURIComponent(name)}` : ''}`)

async function robotThatMay(...words: string[]): Promise<Registry> {
  const access = words.map(toAccess)
  const answer = await post(admin, `${api}/robots`, {
    name: uniqueName('bot'),
    level: 'project',
    duration: -1,
    permissions: [{ kind: 'project', namespace: project.name, access }],
  })
  const { name, secret } = json(answer) as { name: string; secret: string }
  return openRegistry(site.server.url, { username: name, password: secret })
}

/** A user who has a role of his own in the project, which allows that. */
async function memberThatMay(...words: string[]): Promise<Registry> {
  const user = await makeUser(admin)
  const role = await create(admin, `${api}/roles`, {
    name: uniqueName('role'),
    level: 'project',
    permissions: { project: words.map(toAccess) },
  })
  const { username } = user
  await create(admin, `${api}/projects/${project.name}/members`, { role_id: role, member_user: { username } })
  return openRegistry(site.server.url, user)
}

function toAccess(word: string): { resource: string; action: string } {
  const [resource = '', action = ''] = word.split(':')
  return { resource, action }
}

test('a deleted repository is restored whole, and its content, description and the audit log say so', async () => {
  const pushed = await repository.pushImage('v1')
  const signature = await repository.pushReferrer(pushed.manifest)
  await post(admin, path, { description: 'ours' }, 'PUT')
  const before = json(await admin.get(path)) as object

  await admin.delete(path)
  const gone = await admin.get(repository.at('manifests/v1'))
  const trashed = await onlyOne()
  const answer = await restore(admin, trashed.id)

  expect(gone.status).toBe(404)
  expect(trashed).toMatchObject({
    name: repository.name,
    artifact_count: 1,
    deleted_by: 'admin',
    restoring: false,
  })
  expect([answer.status, json(answer)]).toEqual([200, { repository: repository.name }])
  expect(await repositories()).toEqual([])
  const manifest = await admin.get(repository.at('manifests/v1'))
  expect(manifest.body.equals(pushed.manifest.bytes)).toBe(true)
  for (const content of [pushed.config, ...pushed.layers]) {
    const blob = await admin.get(repository.at(`blobs/${content.digest}`))
    expect(blob.body.equals(content.bytes)).toBe(true)
  }
  const referrers = await admin.get(repository.at(`referrers/${pushed.manifest.digest}`))
  expect((json(referrers) as { manifests: object[] }).manifests).toMatchObject([{ digest: signature.digest }])
  const { pull_count: _before, update_time: _then, ...rest } = before as Record<string, unknown>
  expect(json(await admin.get(path))).toMatchObject(rest)
  const audit = async () => {
    const logs = await admin.get(`${api}/projects/${project.name}/auditlog-exts`)
    return (json(logs) as { operation_description: string }[]).map((row) => row.operation_description)
  }
  await expect.poll(audit).toContain(`restore repository: ${repository.name}`)
})

test('a name that is in use is not taken away; under another one it comes back', async () => {
  const first = await repository.pushImage('v1')
  await admin.delete(path)
  const second = await repository.pushImage('v1')
  const { id } = await onlyOne()

  const refused = await restore(admin, id)
  const nonsense = await restore(admin, id, 'No/Such')
  const answer = await restore(admin, id, 'of-before')

  expect([refused.status, nonsense.status]).toEqual([409, 400])
  expect(json(answer)).toEqual({ repository: `${project.name}/of-before` })
  const digestOf = async (name: string) =>
    (await admin.get(`/v2/${name}/manifests/v1`)).headers['docker-content-digest']
  expect(await digestOf(repository.name)).toBe(second.manifest.digest)
  expect(await digestOf(`${project.name}/of-before`)).toBe(first.manifest.digest)
})

test('a purged repository is gone for good', async () => {
  await repository.pushImage('v1')
  await admin.delete(path)
  const { id } = await onlyOne()

  const purged = await admin.delete(`${trash}/repositories/${id}`)

  expect(purged.status).toBe(200)
  expect(await repositories()).toEqual([])
  expect((await restore(admin, id)).status).toBe(404)
  expect((await admin.get(`${trash}/repositories/${id}`)).status).toBe(404)
})

test('a deleted tag names its artifact again', async () => {
  const { digest } = (await repository.pushImage('prod')).manifest
  await admin.delete(repository.at('manifests/prod'))
  const [tag] = json(await admin.get(`${trash}/tags`)) as { id: number }[]

  const answer = await post(admin, `${trash}/tags/${tag?.id}/restore`)
  const again = await post(admin, `${trash}/tags/${tag?.id}/restore`)

  expect(tag).toMatchObject({ repository: repository.name, name: 'prod', digest, artifact: 'present' })
  expect([answer.status, json(answer)]).toEqual([
    200,
    { repository: repository.name, tag: 'prod', digest, restored: false },
  ])
  expect(again.status).toBe(404)
  expect((await admin.get(repository.at('manifests/prod'))).headers['docker-content-digest']).toBe(digest)
})

test('who may not both make and delete them changes nothing', async () => {
  await repository.pushImage('prod')
  await admin.delete(repository.at('manifests/prod'))
  const [tag] = json(await admin.get(`${trash}/tags`)) as { id: number }[]
  const restoreTag = (registry: Registry) => post(registry, `${trash}/tags/${tag?.id}/restore`)

  const refused = [
    await restoreTag(await robotThatMay('tag:delete')),
    await restoreTag(await robotThatMay('tag:create')),
  ]
  const tagAllowed = await restoreTag(await robotThatMay('tag:delete', 'tag:create'))
  await admin.delete(path)
  const { id } = await onlyOne()
  const deletes = await robotThatMay('repository:delete')
  const content = ['artifact:create', 'tag:create']
  refused.push(
    await restore(deletes, id),
    await restore(await robotThatMay('repository:push', ...content), id),
    await restore(await robotThatMay('repository:delete', 'repository:push', 'artifact:create'), id),
    await restore(await robotThatMay('repository:delete', 'repository:push', 'tag:create'), id),
    await restore(await robotThatMay('repository:delete', ...content), id),
    await (await robotThatMay('artifact:delete')).delete(`${trash}/repositories/${id}`),
  )
  const kept = await repositories()
  const listed = await deletes.get(`${trash}/repositories`)
  const allowed = await restore(await robotThatMay('repository:push', 'repository:delete', ...content), id)

  expect(refused.map(({ status }) => status)).toEqual(Array(8).fill(403))
  expect(kept).toHaveLength(1)
  expect([tagAllowed, listed, allowed].map(({ status }) => status)).toEqual([200, 200, 200])
})

test('who may delete artifacts and not make them, or their tags, restores none', async () => {
  const { digest } = (await repository.pushImage('prod')).manifest
  const { manifest: other } = await repository.pushImage('other')
  await admin.delete(repository.at('manifests/other'))
  const [tag] = json(await admin.get(`${trash}/tags`)) as { id: number }[]
  await admin.delete(repository.at(`manifests/${digest}`))
  await admin.delete(repository.at(`manifests/${other.digest}`))
  const inTrash = async () => json(await admin.get(trash)) as { id: number; digest: string }[]
  const before = await inTrash()
  const { id } = before.find((one) => one.digest === digest) ?? { id: 0 }
  const restoreArtifact = (registry: Registry) => post(registry, `${trash}/${id}/restore`)
  const restoreTag = (registry: Registry) => post(registry, `${trash}/tags/${tag?.id}/restore`)
  const deletes = await memberThatMay('artifact:delete', 'tag:delete')
  const both = ['tag:delete', 'tag:create']

  const refused = [
    await restoreArtifact(deletes),
    await restoreArtifact(await memberThatMay('artifact:delete', 'artifact:create')),
    await restoreArtifact(await memberThatMay('artifact:delete', 'tag:create')),
    await restoreArtifact(await memberThatMay('artifact:create', 'tag:create')),
    await restoreTag(await memberThatMay(...both, 'artifact:delete')),
    await restoreTag(await memberThatMay(...both, 'artifact:create')),
  ]
  const [listed, after] = [await deletes.get(trash), await inTrash()]
  const all = await memberThatMay(...both, 'artifact:delete', 'artifact:create')
  const allowed = [await restoreArtifact(all), await restoreTag(all)]

  expect(refused.map(({ status }) => status)).toEqual(Array(6).fill(403))
  expect([listed.status, json(listed)]).toEqual([200, before])
  expect(after).toEqual(before)
  expect(allowed.map(({ status }) => status)).toEqual([200, 200])
  expect((await admin.get(repository.at('manifests/prod'))).headers['docker-content-digest']).toBe(digest)
  const named = await admin.get(repository.at('manifests/other'))
  expect(named.headers['docker-content-digest']).toBe(other.digest)
})
