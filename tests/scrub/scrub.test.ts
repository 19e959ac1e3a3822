import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { useHome } from '../harness/home.ts'
import { json } from '../harness/http.ts'
import { layersInRegistry } from '../harness/layers.ts'
import { type Layout, writeLayout } from '../harness/layout.ts'
import { freePort } from '../harness/port.ts'
import { createProject, createUser, openAsAdministrator, type Project } from '../harness/project.ts'
import { openRegistry, type Registry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { describeWith, findTools } from '../harness/tools.ts'
import { portolan } from '../running/portolan.ts'

const tools = await findTools('skopeo')

const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

interface Run {
  id: number
  job_status: string
  job_parameters: string
}

interface Finding {
  id: number
  kind: string
  state: string
  key: string
  digest?: string
  needed_by: string[]
}

describeWith('scrub', tools, (files) => {
  const home = useHome()
  let server: RunningServer
  let admin: Registry
  let project: Project
  let metricsPort: number
  let layout: Layout

  beforeAll(async () => {
    metricsPort = await freePort()
    server = await startServer({ env: { PORTOLAN_METRICS_PORT: String(metricsPort) } })
    admin = openAsAdministrator(server)
    project = await createProject(server)
    layout = await writeLayout(await home.at('layout'))
  })
  afterAll(() => server?.dispose())

  const name = () => `${project.name}/app`
  const inStore = (...parts: string[]) => path.join(server.dataDirectory, 'storage', ...parts)
  const fileOf = (digest: string, data = 'data') => {
    const encoded = digest.slice('sha256:'.length)
    return inStore('docker/registry/v2/blobs/sha256', encoded.slice(0, 2), encoded, data)
  }
  const putOrphan = async (text: string) => {
    const file = fileOf(digestOf(text))
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const headers = { 'Content-Type': 'application/json' }
  const push = async () => {
    const target = `docker://${new URL(server.url).host}/${name()}:v1`
    const credentials = `--dest-creds=admin:${server.adminPassword}`
    await home.do(
      files.skopeo,
      'copy',
      '--dest-tls-verify=false',
      credentials,
      `oci:${layout.directory}:latest`,
      target,
    )
  }
  const report = async (...options: string[]) => {
    const cwd = server.dataDirectory
    const { code, stdout } = await portolan(['scrub', '--report', '--json', ...options], {
      cwd,
      env: { PORTOLAN_DATA_DIRECTORY: cwd },
    })
    return { code, faults: Object.keys((JSON.parse(stdout) as { faults: object }).faults) }
  }
  const scrub = async (parameters: object) => {
    const body = JSON.stringify(parameters)
    const started = await admin.send({ method: 'POST', path: '/api/v2.0/system/scrub', headers, body })
    expect(started.status).toBe(201)
    const location = started.headers.location ?? ''
    for (;;) {
      const run = json(await admin.get(location)) as Run
      if (['Success', 'Error', 'Stopped'].includes(run.job_status)) {
        const log = (await admin.get(`${location}/log`)).body.toString()
        return {
          status: run.job_status,
          told: JSON.parse(run.job_parameters) as Record<string, unknown>,
          log,
        }
      }
      await sleep(100)
    }
  }
  const findings = async (query = '') =>
    json(await admin.get(`/api/v2.0/system/scrub/findings?sort=id${query}`)) as Finding[]
  const metric = async (kind: string) => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return new RegExp(`portolan_scrub_findings\\{kind="${kind}"\\} (\\d+)`).exec(text)?.[1]
  }
  const blobStatus = async (bytes: Buffer) =>
    (await admin.head(`/v2/${name()}/blobs/${digestOf(bytes)}`)).status

  test('files that are deleted, changed and put there by hand are told, withdrawn, and healed by the next push', async () => {
    await push()
    expect(await report('--rehash')).toEqual({ code: 0, faults: [] })
    const [gone = Buffer.of(), changed = Buffer.of()] = layout.layers
    await rm(fileOf(digestOf(gone)))
    const spoiled = await readFile(fileOf(digestOf(changed)))
    spoiled[100] = (spoiled[100] ?? 0) ^ 1
    await writeFile(fileOf(digestOf(changed)), spoiled)
    await writeFile(inStore('notes of mine.txt'), 'mine')
    await putOrphan('stray')
    expect(await report('--rehash')).toEqual({ code: 1, faults: ['missing', 'damaged', 'orphan', 'foreign'] })

    const dry = await scrub({ report_only: true, rehash: true })
    expect(dry.told).toMatchObject({ missing: 1, damaged: 1, orphans: 1, foreign: 1 })
    expect(await findings()).toEqual([])
    const { status, told, log } = await scrub({ rehash: true })

    expect(status).toBe('Success')
    expect(told).toMatchObject({ missing: 1, damaged: 1, orphans: 1, foreign: 1, healed: 0 })
    const needy = expect.stringMatching(new RegExp(`^${name()}@sha256:`))
    expect(told.missing_blobs).toEqual([{ digest: digestOf(gone), needed_by: [needy] }])
    expect(log).toContain(`blob ${digestOf(changed)}`)
    expect(await findings()).toMatchObject([
      { kind: 'missing', state: 'open', digest: digestOf(gone), needed_by: [needy] },
      { kind: 'damaged', state: 'open', digest: digestOf(changed), needed_by: [needy] },
      { kind: 'orphan', state: 'open', digest: digestOf('stray'), needed_by: [] },
      { kind: 'foreign', state: 'open', key: 'notes of mine.txt' },
    ])
    expect([await blobStatus(gone), await blobStatus(changed)]).toEqual([404, 404])
    const audited = async () => {
      const rows = json(await admin.get('/api/v2.0/auditlog-exts?q=resource_type=blob'))
      return (rows as { operation_description: string }[]).map((row) => row.operation_description).join('\n')
    }
    // It is written behind the events.
    await expect.poll(audited).toContain(`blob missing: ${digestOf(gone)}`)
    expect([await metric('missing'), await metric('damaged')]).toEqual(['1', '1'])

    await push()
    await rm(inStore('notes of mine.txt'))
    await scrub({ rehash: true })

    expect(await layersInRegistry(admin, name(), 'v1')).toEqual(layout.layers)
    expect((await findings()).map(({ state }) => state)).toEqual(['healed', 'healed', 'open', 'gone'])
    expect((await stat(fileOf(digestOf(gone), 'data.2'))).size).toBe(gone.length)
    expect(await report('--rehash')).toEqual({ code: 0, faults: [] })
  })

  test('what is in quarantine is restored or discarded, once, by those who may', async () => {
    await putOrphan('taken back')
    await putOrphan('given up')
    await scrub({})
    const open = await findings('&q=state=open,kind=orphan')
    const idOf = (text: string) => open.find(({ digest }) => digest === digestOf(text))?.id ?? 0
    const one = (text: string) => `/api/v2.0/system/scrub/findings/${idOf(text)}`
    const user = openRegistry(server.url, await createUser(server))
    const restore = (registry: Registry, text: string) =>
      registry.send({ method: 'POST', path: `${one(text)}/restore`, headers, body: '{}' })

    expect((await user.get('/api/v2.0/system/scrub/findings')).status).toBe(403)
    expect((await restore(user, 'taken back')).status).toBe(403)
    expect((await user.delete(one('given up'))).status).toBe(403)
    expect((await restore(admin, 'taken back')).status).toBe(200)
    expect((await restore(admin, 'taken back')).status).toBe(404)
    expect((await admin.delete(one('given up'))).status).toBe(200)
    expect((await admin.delete(one('given up'))).status).toBe(404)

    expect((await stat(fileOf(digestOf('taken back')))).size).toBe('taken back'.length)
    await expect(stat(fileOf(digestOf('given up')))).rejects.toThrow('ENOENT')
    const states = (await findings('&q=kind=orphan')).map(({ digest, state }) => [digest, state])
    expect(states).toContainEqual([digestOf('taken back'), 'restored'])
    expect(states).toContainEqual([digestOf('given up'), 'discarded'])
    expect(await report()).toEqual({ code: 0, faults: [] })
  })

  test('runs are scheduled, listed and stopped as those of collection', async () => {
    const schedule = { schedule: { type: 'Custom', cron: '0 0 3 * * 0' }, parameters: { rehash: true } }
    const path = '/api/v2.0/system/scrub'
    const set = await admin.send({
      method: 'POST',
      path: `${path}/schedule`,
      headers,
      body: JSON.stringify(schedule),
    })
    expect(set.status).toBe(201)
    expect(json(await admin.get(`${path}/schedule`))).toMatchObject({ schedule: { cron: '0 0 3 * * 0' } })

    const runs = json(await admin.get(`${path}?page_size=2`)) as Run[]

    expect(runs).toHaveLength(2)
    expect((await admin.get(`${path}/${runs[0]?.id}`)).status).toBe(200)
    expect((await admin.get(`${path}/999999`)).status).toBe(404)
    expect((await admin.send({ method: 'PUT', path: `${path}/${runs[0]?.id}` })).status).toBe(200)
  })
})
