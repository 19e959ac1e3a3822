import { beforeEach, expect, test } from 'vitest'
import { type Answer, json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

/** What a tag has pointed to, and back to that, over the network. */

const site = useSite()
const api = '/api/v2.0'

let admin: Registry
let project: Project
let repository: Repository
/** Of the repository, whose name has a slash: encoded twice, as clients of Harbor do. */
let path: string

beforeEach(async () => {
  admin = openAsAdministrator(site.server)
  project = await createProject(site.server)
  const name = uniqueName('deep/app')
  repository = openRepository(admin, `${project.name}/${name}`)
  path = `${api}/projects/${project.name}/repositories/${encodeURIComponent(encodeURIComponent(name))}`
})

function post(registry: Registry, to: string, body: object, method = 'POST'): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return registry.send({ method, path: to, headers, body: JSON.stringify(body) })
}

const rollBack = (registry: Registry, tag: string, digest: string) =>
  post(registry, `${path}/tags/${tag}/rollback`, { digest })

async function historyOf(tag: string): Promise<{ operation: string; digest?: string; username?: string }[]> {
  const answer = await admin.get(`${path}/tags/${tag}/history`)
  expect(answer.status).toBe(200)
  return json(answer) as { operation: string; digest?: string; username?: string }[]
}

/** It is written behind the events. */
async function expectOperations(tag: string, operations: string[]): Promise<void> {
  const told = async () => (await historyOf(tag)).map(({ operation }) => operation)
  await expect.poll(told).toEqual(operations)
}

async function pointsTo(tag: string): Promise<string | undefined> {
  const answer = await admin.get(repository.at(`manifests/${tag}`))
  return answer.status === 200 ? String(answer.headers['docker-content-digest']) : undefined
}

async function robotThatMay(...words: string[]): Promise<Registry> {
  const access = words.map((word) => {
    const [resource, action] = word.split(':')
    return { resource, action }
  })
  const answer = await post(admin, `${api}/robots`, {
    name: uniqueName('bot'),
    level: 'project',
    duration: -1,
    permissions: [{ kind: 'project', namespace: project.name, access }],
  })
  const { name, secret } = json(answer) as { name: string; secret: string }
  return openRegistry(site.server.url, { username: name, password: secret })
}

test('a tag is rolled back out of the trash, and its history and the audit log say so', async () => {
  const good = (await repository.pushImage('prod')).manifest.digest
  const bad = (await repository.pushImage('prod')).manifest.digest
  await admin.delete(repository.at(`manifests/${good}`))
  await expectOperations('prod', ['pushed', 'pushed'])
  const states = await historyOf('prod')

  const answer = await rollBack(admin, 'prod', good)

  expect(states).toMatchObject([
    { digest: bad, artifact: 'present', username: 'admin' },
    { digest: good, artifact: 'trash', username: 'admin' },
  ])
  expect([answer.status, json(answer)]).toEqual([
    200,
    { repository: repository.name, tag: 'prod', digest: good, restored: true },
  ])
  expect(await pointsTo('prod')).toBe(good)
  await expectOperations('prod', ['rolled_back', 'pushed', 'pushed'])
  const audit = async () => {
    const logs = await admin.get(`${api}/projects/${project.name}/auditlog-exts?q=operation=update`)
    return (json(logs) as { operation_description: string }[]).map((row) => row.operation_description)
  }
  await expect.poll(audit).toContain(`roll back tag: ${repository.name}:prod to ${good}`)
})

test('who may not make and delete tags, and for the trash restore artifacts, changes nothing', async () => {
  const good = (await repository.pushImage('prod')).manifest.digest
  const bad = (await repository.pushImage('prod')).manifest.digest
  await expectOperations('prod', ['pushed', 'pushed'])
  const tags = ['tag:create', 'tag:delete']
  const [deletes, makes, both] = [
    await robotThatMay('tag:delete'),
    await robotThatMay('tag:create'),
    await robotThatMay(...tags),
  ]

  const refused = [await rollBack(deletes, 'prod', good), await rollBack(makes, 'prod', good)]
  await admin.delete(repository.at(`manifests/${good}`))
  refused.push(
    await rollBack(both, 'prod', good),
    await rollBack(await robotThatMay(...tags, 'artifact:delete'), 'prod', good),
    await rollBack(await robotThatMay(...tags, 'artifact:create'), 'prod', good),
  )
  const before = await pointsTo('prod')
  const allowed = await rollBack(
    await robotThatMay(...tags, 'artifact:delete', 'artifact:create'),
    'prod',
    good,
  )

  expect(refused.map(({ status }) => status)).toEqual(Array(5).fill(403))
  expect(before).toBe(bad)
  expect(allowed.status).toBe(200)
  expect(await pointsTo('prod')).toBe(good)
})

test('nonsense is refused, and so is what another tag has pointed to', async () => {
  const { digest } = (await repository.pushImage('other')).manifest
  await repository.pushImage('prod')
  await expectOperations('other', ['pushed'])
  await expectOperations('prod', ['pushed'])

  const wrong = await rollBack(admin, 'prod', digest)
  const nonsense = await rollBack(admin, 'prod', 'nonsense%00')
  const without = await post(admin, `${path}/tags/prod/rollback`, {})
  const nowhere = await admin.get(`${api}/projects/${project.name}/repositories/nosuch/tags/prod/history`)

  expect([wrong, nonsense, without, nowhere].map(({ status }) => status)).toEqual([404, 404, 422, 404])
  expect(await historyOf('nosuch')).toEqual([])
})

test('copies are told of where they arrive', async () => {
  const { digest } = (await repository.pushImage('v1')).manifest
  const copied = await post(
    admin,
    `${api}/projects/${project.name}/repositories/copies/artifacts?from=${encodeURIComponent(`${repository.name}@${digest}`)}`,
    {},
  )
  path = `${api}/projects/${project.name}/repositories/copies`

  expect(copied.status).toBe(201)
  await expectOperations('v1', ['pushed'])
  expect(await historyOf('v1')).toMatchObject([{ digest, username: 'admin' }])
})
