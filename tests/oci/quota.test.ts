import { beforeEach, describe, expect, test } from 'vitest'
import { blob, config, descriptorOf, image } from '../harness/content.ts'
import { type Answer, json } from '../harness/http.ts'
import { createProject, openAsAdministrator, type Project, uniqueName } from '../harness/project.ts'
import { codesOf, locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'

const LIMIT = 10_000
const site = useSite()
const octets = { 'Content-Type': 'application/octet-stream' }

let admin: Registry
let project: Project
let repository: Repository

beforeEach(async () => {
  admin = openAsAdministrator(site.server)
  project = await createProject(site.server)
  repository = openRepository(admin, `${project.name}/${uniqueName('app')}`)
  await limit(LIMIT)
})

async function limit(bytes: number): Promise<void> {
  const answer = await admin.send({
    method: 'PUT',
    path: `/api/v2.0/quotas/${project.id}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ hard: { storage: bytes } }),
  })
  expect(answer.status).toBe(200)
}

async function used(): Promise<number> {
  const answer = json(await admin.get(`/api/v2.0/quotas/${project.id}`)) as { used: { storage: number } }
  return answer.used.storage
}

function whole(size: number): { digest: string; send(): Promise<Answer> } {
  const content = blob(size)
  const path = `/v2/${repository.name}/blobs/uploads/?digest=${content.digest}`
  return {
    digest: content.digest,
    send: () => admin.send({ method: 'POST', path, headers: octets, body: content.bytes }),
  }
}

/** Harbor's form: 403 DENIED, with what is held, wanted and allowed. */
function expectRefused(answer: Answer): void {
  expect(answer.status).toBe(403)
  expect(codesOf(answer)).toEqual(['DENIED'])
  expect(answer.body.toString()).toContain('will exceed the configured upper limit of')
}

describe('a project that may hold so much', () => {
  test('takes a blob up to the last byte, and not one more', async () => {
    expect((await whole(LIMIT).send()).status).toBe(201)

    expectRefused(await whole(1).send())
    expect(await used()).toBe(LIMIT)
  })

  test('refuses a chunk that says it is too long before it is read, and one that does not say as it comes', async () => {
    const content = blob(LIMIT + 1)
    const told = await admin.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: octets,
      body: content.bytes,
    })
    const untold = await admin.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: octets,
      body: (async function* () {
        yield content.bytes.subarray(0, 6000)
        yield content.bytes.subarray(6000)
      })(),
    })

    expectRefused(told)
    expectRefused(untold)
    expect(await used()).toBe(0)
  })

  test('refuses the chunk that is one too many, and the upload is gone', async () => {
    const content = blob(LIMIT + 1)
    const first = await admin.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: octets,
      body: content.bytes.subarray(0, 6000),
    })

    const second = await admin.send({
      method: 'PATCH',
      path: locationOf(first),
      headers: octets,
      body: content.bytes.subarray(6000),
    })
    const status = await admin.get(locationOf(first))

    expect(first.status).toBe(202)
    expectRefused(second)
    expect(status.status).toBe(404)
  })

  test('refuses the end of an upload that others have overtaken; it can be ended once there is room', async () => {
    const content = blob(6000)
    const sent = await admin.send({
      method: 'PATCH',
      path: await repository.startUpload(),
      headers: octets,
      body: content.bytes,
    })
    await whole(6000).send()
    const end = {
      method: 'PUT',
      path: withQuery(locationOf(sent), { digest: content.digest }),
      headers: octets,
    }

    const refused = await admin.send(end)
    await limit(12_000)
    const taken = await admin.send(end)

    expectRefused(refused)
    expect(taken.status).toBe(201)
    expect(await used()).toBe(12_000)
  })

  test('refuses a manifest and a mount that do not fit, and leaves nothing of them', async () => {
    const layer = blob(LIMIT - 600)
    const configuration = config()
    await repository.pushBlob(layer)
    await repository.pushBlob(configuration)
    const content = image({ config: descriptorOf(configuration), layers: [descriptorOf(layer)] })
    await limit(await used())
    const manifest = await admin.send({
      method: 'PUT',
      path: `/v2/${repository.name}/manifests/v1`,
      headers: { 'Content-Type': content.mediaType },
      body: content.bytes,
    })
    const other = await createProject(site.server)
    const source = openRepository(admin, `${other.name}/source`)
    const foreign = blob(500)
    await source.pushBlob(foreign)
    const mount = await admin.send({
      method: 'POST',
      path: `/v2/${repository.name}/blobs/uploads/?mount=${foreign.digest}&from=${source.name}`,
    })

    expectRefused(manifest)
    expect((await admin.get(`/v2/${repository.name}/manifests/v1`)).status).toBe(404)
    expectRefused(mount)
    expect((await admin.get(`/v2/${repository.name}/blobs/${foreign.digest}`)).status).toBe(404)
  })

  test('takes what it holds already again, however full it is', async () => {
    const full = whole(LIMIT)
    await full.send()

    expect((await full.send()).status).toBe(201)
    expect(await used()).toBe(LIMIT)
  })

  test('is never passed by many at once, and takes all that fit', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => whole(400).send()))
    const statuses = answers.map((answer) => answer.status)

    expect(statuses.filter((status) => status === 201)).toHaveLength(25)
    expect(statuses.filter((status) => status === 403)).toHaveLength(15)
    expect(await used()).toBe(LIMIT)
  })
})
