import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blob } from '../harness/content.ts'
import { json } from '../harness/http.ts'
import { useSite } from '../harness/site.ts'

/** What a receiver hears of pushes, pulls, deletions and quotas, over the network. */

const site = useSite({ env: { PORTOLAN_EXTERNAL_URL: 'https://registry.example.com' } })

interface Told {
  type: string
  operator: string
  event_data: {
    resources?: { digest: string; tag: string; resource_url: string }[]
    repository: { repo_full_name: string; repo_type: string; date_created: number }
    custom_attributes?: { Details: string }
  }
}

const heard: Told[] = []
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  heard.push(JSON.parse(Buffer.concat(pieces).toString('utf8')))
  response.writeHead(200).end()
})

async function send(method: string, path: string, body: object) {
  return await site.registry.send({
    method,
    path: `/api/v2.0/${path}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const made = await send('POST', `projects/${site.project}/webhook/policies`, {
    name: 'all',
    enabled: true,
    event_types: ['PUSH_ARTIFACT', 'PULL_ARTIFACT', 'DELETE_ARTIFACT', 'QUOTA_EXCEED', 'QUOTA_WARNING'],
    targets: [{ type: 'http', address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }],
  })
  expect(made.status).toBe(201)
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const types = () => heard.map(({ type }) => type)

test('pushes, pulls and deletions are told, looks are not', async () => {
  const repository = site.newRepository()
  heard.length = 0

  const { manifest } = await repository.pushImage('v1')
  await expect.poll(types).toEqual(['PUSH_ARTIFACT'])
  await site.registry.send({ method: 'HEAD', path: repository.at('manifests/v1') })
  await site.registry.get(repository.at('manifests/v1'))
  await expect.poll(types).toEqual(['PUSH_ARTIFACT', 'PULL_ARTIFACT'])
  await site.registry.send({ method: 'DELETE', path: repository.at(`manifests/${manifest.digest}`) })
  await expect.poll(types).toEqual(['PUSH_ARTIFACT', 'PULL_ARTIFACT', 'DELETE_ARTIFACT'])

  for (const { operator, event_data: data } of heard) {
    expect(operator).toBe('admin')
    expect(data.resources).toEqual([
      {
        digest: manifest.digest,
        tag: 'v1',
        resource_url: `registry.example.com/${data.repository.repo_full_name}:v1`,
      },
    ])
    expect(data.repository).toMatchObject({ repo_type: 'private' })
    expect(data.repository.date_created).toBeGreaterThan(Date.now() / 1000 - 600)
  }
})

test('the deletion of a repository is told artifact by artifact', async () => {
  const repository = site.newRepository()
  const { manifest } = await repository.pushImage('v1')
  await repository.pushManifest(manifest, 'v2')
  const other = await repository.pushImage('w1')
  await expect.poll(() => types().slice(-3)).toEqual(Array(3).fill('PUSH_ARTIFACT'))
  heard.length = 0

  const name = repository.name.slice(repository.name.indexOf('/') + 1)
  const answer = await site.registry.send({
    method: 'DELETE',
    path: `/api/v2.0/projects/${site.project}/repositories/${encodeURIComponent(encodeURIComponent(name))}`,
  })
  expect(answer.status).toBe(200)
  await expect.poll(types).toEqual(['DELETE_ARTIFACT', 'DELETE_ARTIFACT'])

  const told = heard.map((one) => one.event_data.resources?.map(({ digest, tag }) => [digest, tag]))
  expect(told).toEqual(
    expect.arrayContaining([
      [
        [manifest.digest, 'v1'],
        [manifest.digest, 'v2'],
      ],
      [[other.manifest.digest, 'w1']],
    ]),
  )
  expect(heard.map(({ operator }) => operator)).toEqual(['admin', 'admin'])
})

test('a project that is nearly full warns, and a push that it has no room for is told once', async () => {
  const repository = site.newRepository()
  const project = await site.projectOnServer()
  const quotas = json(
    await site.registry.get(`/api/v2.0/quotas?reference=project&reference_id=${project.id}`),
  ) as {
    id: number
    used: { storage: number }
  }[]
  const used = quotas[0]?.used.storage ?? 0
  expect((await send('PUT', `quotas/${quotas[0]?.id}`, { hard: { storage: used + 20_000 } })).status).toBe(
    200,
  )
  heard.length = 0

  await repository.pushBlob(blob(18_000))
  await repository.pushImage('v1')
  for (let retry = 0; retry < 3; retry += 1) {
    const answer = await site.registry.send({
      method: 'POST',
      path: repository.at(`blobs/uploads/?digest=${blob(30_000).digest}`),
      body: blob(30_000).bytes,
    })
    expect(answer.status).toBe(403)
  }

  await expect.poll(types).toEqual(['PUSH_ARTIFACT', 'QUOTA_WARNING', 'QUOTA_EXCEED'])
  expect(heard[1]?.event_data.custom_attributes?.Details).toContain('quota usage reach 85%')
  expect(heard[2]?.event_data.custom_attributes?.Details).toContain('will exceed the configured upper limit')
})
