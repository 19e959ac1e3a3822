import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../harness/port.ts'
import { openAsAdministrator } from '../harness/project.ts'
import { fetchToken } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

let server: RunningServer
let port: number

beforeAll(async () => {
  port = await freePort()
  server = await startServer({ env: { PORTOLAN_METRICS_PORT: String(port) } })
})
afterAll(() => server.dispose())

/** The value of a sample, undefined where there is none. */
async function sample(name: string): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

test('requests are counted by operation, whatever names they carry', async () => {
  const authorization = `Basic ${Buffer.from(`admin:${server.adminPassword}`).toString('base64')}`
  for (const path of ['/api/v2.0/projects/1', '/api/v2.0/projects/library', '/v2/library/a/manifests/1']) {
    await (await fetch(`${server.url}${path}`, { headers: { authorization } })).arrayBuffer()
  }

  expect(await sample('harbor_core_http_request_total{method="GET",code="200",operation="getProject"}')).toBe(
    2,
  )
  expect(
    await sample('harbor_core_http_request_total{method="GET",code="404",operation="v2_manifest"}'),
  ).toBe(1)
  expect(await sample('registry_http_requests_total{handler="manifest",method="GET",code="404"}')).toBe(1)
  expect(await sample('harbor_core_http_inflight_requests')).toBe(0)
})

test('tokens are counted alike, whichever way they are asked for', async () => {
  const admin = `Basic ${Buffer.from(`admin:${server.adminPassword}`).toString('base64')}`
  const access = [{ resource: 'repository', action: 'pull' }]
  const permissions = [{ kind: 'project', namespace: 'library', access }]
  const made = await fetch(`${server.url}/api/v2.0/robots`, {
    method: 'POST',
    headers: { authorization: admin, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ci', level: 'project', duration: -1, permissions }),
  })
  const { name, secret } = (await made.json()) as { name: string; secret: string }
  const robot = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
  const path = '/service/token?service=harbor-registry&scope=repository:library/app:pull'
  for (const authorization of [admin, robot]) {
    await (await fetch(server.url + path, { headers: { authorization } })).arrayBuffer()
  }

  expect(await sample('harbor_core_http_request_total{method="GET",code="200",operation="getToken"}')).toBe(2)
  expect(await sample('harbor_core_http_inflight_requests')).toBe(0)
})

test('pulls are counted by what is pulled, whichever way it goes', async () => {
  const admin = openAsAdministrator(server)
  const repository = openRepository(admin, 'library/counted')
  const { manifest, layers } = await repository.pushImage('v1')
  const challenge = await admin.as().get(repository.at('manifests/v1'))
  const token = await fetchToken(admin, String(challenge.headers['www-authenticate']))
  const of = (handler: string) =>
    sample(`registry_http_requests_total{handler="${handler}",method="GET",code="200"}`)
  const before = [await of('manifest'), await of('blob')]
  // The second time the token is known.
  for (const path of [`manifests/${manifest.digest}`, `blobs/${layers[0]?.digest}`]) {
    for (const _ of [1, 2]) await admin.as({ token }).get(repository.at(path))
  }

  expect([await of('manifest'), await of('blob')]).toEqual(before.map((count) => (count ?? 0) + 2))
})

test('figures of content, work and the process are there', async () => {
  expect(await sample('harbor_project_total{public="true"}')).toBe(1)
  expect(await sample('harbor_project_quota_byte{project_name="library"}')).toBe(-1)
  expect(await sample('harbor_health')).toBe(1)
  expect(await sample('harbor_up{component="database"}')).toBe(1)
  expect(await sample('harbor_task_queue_size{type="GARBAGE_COLLECTION"}')).toBe(0)
  expect(await sample('portolan_database_connections_max')).toBe(20)
  expect(await sample('process_resident_memory_bytes')).toBeGreaterThan(0)
})

test('the port of clients has none of it', async () => {
  const answers = await Promise.all(['/metrics', '/healthz'].map((path) => fetch(`${server.url}${path}`)))
  const texts = await Promise.all(answers.map((answer) => answer.text()))

  expect(texts.some((text) => text.includes('harbor_') || text.includes('healthy'))).toBe(false)
})
