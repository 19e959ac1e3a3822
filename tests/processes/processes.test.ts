import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { blob } from '../harness/content.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { json } from '../harness/http.ts'
import { freePort } from '../harness/port.ts'
import { addMember, createUser } from '../harness/project.ts'
import { locationOf, type Registry, withQuery } from '../harness/registry.ts'
import { openRepository, type Repository } from '../harness/repository.ts'
import { useSite } from '../harness/site.ts'
import { complaint, portolan } from '../running/portolan.ts'
import { gone, processTree } from '../running/processes.ts'
import { answering, entries, openOnNewConnections } from './several.ts'

const metricsPort = await freePort()
const logs = await temporaryDirectory('log')
const logFile = path.join(logs.path, 'portolan.log')
const PROCESSES = 3
const site = useSite({
  env: {
    PORTOLAN_PROCESSES: String(PROCESSES),
    PORTOLAN_METRICS_PORT: String(metricsPort),
    PORTOLAN_LOG_FILE: logFile,
  },
})

let registry: Registry
let repository: Repository

beforeAll(() => () => logs.remove())
beforeEach(() => {
  registry = openOnNewConnections(site.server)
  repository = openRepository(registry, site.newRepository().name)
})

async function figure(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

const health = async () => (await fetch(`http://127.0.0.1:${metricsPort}/healthz`)).status

/** Waits until all answer again. */
async function whole(): Promise<void> {
  await expect.poll(health, { timeout: 60_000, interval: 100 }).toBe(200)
}

/** Several at once, so that connections are open at each of them. */
function everywhere<Result>(ask: (round: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: 3 * PROCESSES }, (_, round) => ask(round)))
}

test('requests go to all of them, and each says in its log who it is', async () => {
  const said = new Set<unknown>()
  for (let round = 0; round < 20 && said.size < PROCESSES; round += 1) {
    await everywhere((at) =>
      registry.as({ username: `nobody-${round}-${at}`, password: 'wrong' }).get('/api/v2.0/users/current'),
    )
    for (const { msg, pid } of entries(site.server.log())) if (msg === 'login refused') said.add(pid)
  }

  expect([...said].sort()).toEqual((await answering(site.server)).sort())
  // One file for all of them, with every entry whole.
  const filed = entries(await readFile(logFile, 'utf8'))
  expect(new Set(filed.map(({ pid }) => pid))).toEqual(new Set([...said, site.server.pid]))
})

test('an image is pushed in pieces to all of them, and pulled from each', async () => {
  const content = blob(30_000)
  let location = await repository.startUpload()
  for (let at = 0; at < 30_000; at += 10_000) {
    const answer = await registry.send({
      method: 'PATCH',
      path: location,
      headers: { 'Content-Range': `${at}-${at + 9999}` },
      body: content.bytes.subarray(at, at + 10_000),
    })
    location = locationOf(answer)
  }
  const closed = await registry.send({
    method: 'PUT',
    path: withQuery(location, { digest: content.digest }),
  })
  const { manifest } = await repository.pushImage('v1')

  expect(closed.status).toBe(201)
  const blobs = await everywhere(() => registry.get(repository.at(`blobs/${content.digest}`)))
  const manifests = await everywhere(() => registry.get(repository.at('manifests/v1')))
  expect(blobs.every(({ body }) => body.equals(content.bytes))).toBe(true)
  expect(manifests.every(({ body }) => body.equals(manifest.bytes))).toBe(true)
})

test('a tag that was moved by one is seen by all at once', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { manifest } = await repository.pushImage('latest')
    const answers = await everywhere(() => registry.head(repository.at('manifests/latest')))
    expect(answers.map(({ headers }) => headers['docker-content-digest'])).toEqual(
      answers.map(() => manifest.digest),
    )
  }
})

test('who logged in to one is known to all, and so is what he may do', async () => {
  await repository.pushImage('v1')
  const project = await site.projectOnServer()
  const user = await createUser(site.server)
  const browser = registry.as()
  const cookies = new Map<string, string>()
  const visit = async (method: string, to: string, headers: Record<string, string> = {}, body = '') => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await browser.send({ method, path: to, headers: { cookie, ...headers }, body })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return answer
  }
  await visit('GET', '/api/v2.0/systeminfo')
  const page = await visit('GET', '/api/v2.0/systeminfo')
  const login = await visit(
    'POST',
    '/c/login',
    {
      'content-type': 'application/x-www-form-urlencoded',
      'x-harbor-csrf-token': String(page.headers['x-harbor-csrf-token']),
    },
    new URLSearchParams({ principal: user.username, password: user.password }).toString(),
  )

  const asked = await everywhere(async () => (await visit('GET', '/api/v2.0/users/current')).status)
  const before = await registry.as(user).get(repository.at('manifests/v1'))
  await addMember(site.server, project, user, 'guest')
  const after = await everywhere(
    async () => (await registry.as(user).get(repository.at('manifests/v1'))).status,
  )

  expect(login.status).toBe(200)
  expect(asked).toEqual(asked.map(() => 200))
  expect([401, 403]).toContain(before.status)
  expect(after).toEqual(after.map(() => 200))
})

test('what is changed by one is known to all', async () => {
  await repository.pushImage('v1')
  const user = await createUser(site.server)
  await addMember(site.server, await site.projectOnServer(), user, 'guest')
  const scope = `repository:${repository.name}:pull`
  const issued = await registry
    .as(user)
    .get(`/service/token?service=harbor-registry&scope=${encodeURIComponent(scope)}`)
  const { token } = json(issued) as { token: string }
  const current = json(await registry.as(user).get('/api/v2.0/users/current')) as { user_id: number }
  const pulls = () =>
    everywhere(async () => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await registry
        .as()
        .send({ method: 'HEAD', path: repository.at('manifests/v1'), headers })
      return answer.status
    })
  const shown = () =>
    everywhere(async () => {
      const answer = json(await registry.get('/api/v2.0/configurations')) as Record<
        string,
        { value: unknown }
      >
      return answer.scanner_skip_update_pulltime?.value
    })
  const before = [await pulls(), await shown()]

  const changed = [
    await registry.send({
      method: 'PUT',
      path: '/api/v2.0/configurations',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"scanner_skip_update_pulltime":true}'),
    }),
    await registry.delete(`/api/v2.0/users/${current.user_id}`),
  ]

  expect(before.map((all) => new Set(all))).toEqual([new Set([200]), new Set([false])])
  expect(changed.map(({ status }) => status)).toEqual([200, 200])
  await expect.poll(async () => new Set(await shown()), { timeout: 30_000 }).toEqual(new Set([true]))
  await expect.poll(async () => new Set(await pulls()), { timeout: 30_000 }).toEqual(new Set([401]))
})

test('wrong passwords count whoever hears them', async () => {
  const guess = () => registry.as({ username: 'guessed', password: 'wrong' }).get('/api/v2.0/users/current')
  for (let round = 0; round < 6; round += 1) await guess()
  const refused = () =>
    entries(site.server.log()).filter(
      ({ msg, username, result }) => msg === 'login refused' && username === 'guessed' && result === 'wrong',
    ).length

  await everywhere(guess)

  // Each alone would have looked at five of the fifteen. Together five are free, and after those each costs a pause that doubles.
  expect(refused()).toBeGreaterThanOrEqual(5)
  expect(refused()).toBeLessThan(12)
})

test('what is done behind the scenes is done by one, for all', async () => {
  const { name } = repository
  for (let round = 0; round < PROCESSES; round += 1) await repository.pushImage(`v${round}`)

  const workers = json(await registry.get('/api/v2.0/jobservice/pools')) as { pid: number }[]
  const audited = async () => {
    const q = encodeURIComponent(`resource=~${name}:v`)
    return (json(await registry.get(`/api/v2.0/auditlog-exts?q=${q}`)) as unknown[]).length
  }

  expect(workers).toHaveLength(1)
  expect(await answering(site.server)).toContain(workers[0]?.pid)
  await expect.poll(audited, { timeout: 30_000 }).toBe(PROCESSES)
})

test('their figures are shown as those of one, and none goes back when one of them dies', async () => {
  const counted = 'registry_http_requests_total{handler="manifest",method="HEAD",code="404"}'
  for (let round = 0; round < 10; round += 1) await registry.head(repository.at('manifests/none'))
  const before = await figure(counted)
  const most = await figure('portolan_database_connections_max')
  const projects = await figure('harbor_project_total{public="true"}')
  const [, victim = 0] = await answering(site.server)

  process.kill(victim, 'SIGKILL')
  const meanwhile = await Promise.all(
    Array.from({ length: 6 }, () => registry.head(repository.at('manifests/none'))),
  )
  await whole()
  for (let round = 0; round < 4; round += 1) await registry.head(repository.at('manifests/none'))

  expect(before).toBe(10)
  expect(most).toBe(Math.floor(20 / PROCESSES) * PROCESSES)
  expect(projects).toBe(1)
  expect(meanwhile.map(({ status }) => status)).toEqual(meanwhile.map(() => 404))
  expect(await figure(counted)).toBe(20)
  expect(await figure('portolan_processes_replaced_total')).toBe(1)
  expect(await figure('portolan_processes{state="ready"}')).toBe(PROCESSES)
})

test('when the one that leads dies, another does what it did', async () => {
  const [leader] = json(await registry.get('/api/v2.0/jobservice/pools')) as { pid: number }[]
  process.kill(leader?.pid ?? 0, 'SIGKILL')
  await whole()

  await repository.pushImage('v1')
  const audited = async () => {
    const q = encodeURIComponent(`resource=~${repository.name}:v`)
    return (json(await registry.get(`/api/v2.0/auditlog-exts?q=${q}`)) as unknown[]).length
  }
  const workers = async () =>
    (json(await registry.get('/api/v2.0/jobservice/pools')) as { pid: number }[]).map(({ pid }) => pid)

  await expect.poll(audited, { timeout: 30_000 }).toBe(1)
  await expect.poll(workers, { timeout: 60_000 }).not.toContain(leader?.pid)
  expect(await workers()).toHaveLength(1)
})

test('a second one on the port is refused in one line', async () => {
  const result = await portolan(['serve'], {
    cwd: logs.path,
    env: { PORTOLAN_PROCESSES: '2', PORTOLAN_LISTEN_PORT: String(site.server.port) },
  })

  expect(complaint(result)).toBe(`portolan: port ${site.server.port} is in use (listen.port)`)
})

test('SIGTERM lets requests in flight end in all of them, and leaves nothing behind', async () => {
  const uploads = await Promise.all(Array.from({ length: PROCESSES }, () => repository.startUpload()))
  const tree = await processTree(site.server.pid)
  const begun = Promise.withResolvers<void>()
  let arrived = 0
  async function* slowly() {
    yield Buffer.from('begin')
    arrived += 1
    if (arrived === PROCESSES) begun.resolve()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    yield Buffer.from('end')
  }
  const requests = uploads.map((at) => registry.send({ method: 'PATCH', path: at, body: slowly() }))
  await begun.promise
  await new Promise((resolve) => setTimeout(resolve, 500))

  const code = await site.server.stop()
  const answers = await Promise.all(requests)

  expect(code).toBe(0)
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
  expect(await gone(tree, 20_000)).toEqual([])
  await site.server.restart()
})

test('when the first of all is killed nothing stays behind, and the next start needs no hand', async () => {
  const { manifest } = await repository.pushImage('v1')
  const tree = await processTree(site.server.pid)

  await site.server.kill()
  const left = await gone(tree, 10_000)
  await site.server.restart()

  expect(tree.length).toBeGreaterThan(PROCESSES + 5)
  expect(left).toEqual([])
  expect((await registry.get(repository.at('manifests/v1'))).body.equals(manifest.bytes)).toBe(true)
})
