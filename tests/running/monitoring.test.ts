import { readFile, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { json } from '../harness/http.ts'
import { freePort } from '../harness/port.ts'
import { createProject, openAsAdministrator } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

/** What `deploy/monitoring` asks for, held against what a server shows that has done some of everything. */

let server: RunningServer
let admin: Registry
let metricsPort: number
let shown: Map<string, Sample[]>

/** Labels of a sample. */
type Sample = Record<string, string>

/** Labels that Prometheus itself puts on what it fetches. */
const OF_PROMETHEUS = ['job', 'instance']
/** Metrics of Prometheus itself. */
const BESIDE = ['up']
/** What does not happen here: a task that fails by an error of ours, requests that fail for more than one reason. */
const UNSEEN = ['harbor_jobservice_task_total{status="Error"}']

const SELECTOR = /\b((?:harbor|portolan|registry|process|nodejs)_\w+|up)\b(\{[^}]*\})?/g

beforeAll(async () => {
  metricsPort = await freePort()
  server = await startServer({
    env: {
      PORTOLAN_METRICS_PORT: String(metricsPort),
      PORTOLAN_GC_GRACE: '0s',
      PORTOLAN_GC_CONTINUOUS: 'false',
    },
  })
  admin = openAsAdministrator(server)
  await doSomeOfEverything()
  shown = await scrape()
}, 120_000)
afterAll(() => server?.dispose())

async function doSomeOfEverything(): Promise<void> {
  const project = await createProject(server, { public: true })
  const repository = openRepository(admin, `${project.name}/app`)
  const image = await repository.pushImage('v1')
  const layer = image.layers[0]?.digest ?? ''
  expect((await admin.get(repository.at('manifests/v1'))).status).toBe(200)
  expect((await admin.get(repository.at(`blobs/${layer}`))).status).toBe(200)
  await repository.pushBlob()
  const run = await runOf('/system/gc')
  expect(JSON.parse(run.job_parameters)).toMatchObject({ purged_blobs: 1 })
  // A file that leads to itself is one that no store can open.
  const encoded = layer.slice('sha256:'.length)
  const file = path.join(
    server.dataDirectory,
    'storage/docker/registry/v2/blobs/sha256',
    encoded.slice(0, 2),
    encoded,
    'data',
  )
  await rm(file)
  await symlink(file, file)
  expect((await admin.get(repository.at(`blobs/${layer}`))).status).toBeGreaterThanOrEqual(500)
  const scrubbed = await runOf('/system/scrub')
  expect(JSON.parse(scrubbed.job_parameters)).toMatchObject({ unreadable: 1 })
}

interface Run {
  job_status: string
  job_parameters: string
}

async function runOf(kind: '/system/gc' | '/system/scrub'): Promise<Run> {
  const answer = await admin.send({
    method: 'POST',
    path: `/api/v2.0${kind}/schedule`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schedule: { type: 'Manual' }, parameters: {} }),
  })
  expect(answer.status).toBe(201)
  for (;;) {
    const run = json(await admin.get(answer.headers.location ?? '')) as Run
    if (run.job_status === 'Success') return run
    expect(['Error', 'Stopped']).not.toContain(run.job_status)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Samples by metric, as Prometheus would take them. */
async function scrape(): Promise<Map<string, Sample[]>> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const found = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === undefined) continue
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [label, value])
    found.set(name, [...(found.get(name) ?? []), Object.fromEntries(pairs)])
  }
  return found
}

/** The expressions of both files. */
async function readExpressions(): Promise<string[]> {
  const [alerts = '', dashboard = ''] = await Promise.all(
    ['alerts.yaml', 'dashboard.json'].map((name) =>
      readFile(new URL(`../../deploy/monitoring/${name}`, import.meta.url), 'utf8'),
    ),
  )
  const ofAlerts = [...alerts.matchAll(/^\s+expr: (.*)$/gm)].map(([, expression = '']) => expression)
  const ofDashboard: string[] = []
  JSON.parse(dashboard, (key, value) => {
    if (key === 'expr') ofDashboard.push(value)
    return value
  })
  return [...ofAlerts, ...ofDashboard]
}

interface Selector {
  name: string
  matchers: { label: string; operator: string; value: string }[]
}

/** The metrics that an expression selects, and the labels that it groups by. */
function parse(expression: string): { selectors: Selector[]; grouped: string[] } {
  const grouped: string[] = []
  const rest = expression.replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, labels: string) => {
    grouped.push(...labels.split(',').map((label) => label.trim()))
    return ' '
  })
  const selectors = [...rest.matchAll(SELECTOR)].map(([, name = '', labels = '']) => ({
    name,
    matchers: [...labels.matchAll(/(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    ),
  }))

  return { selectors, grouped }
}

test('metrics, labels and values that dashboard and alert rules name are what a server shows', async () => {
  const missing: string[] = []
  const seen = new Set<string>()
  for (const expression of await readExpressions()) {
    const { selectors, grouped } = parse(expression)
    expect(selectors, expression).not.toEqual([])
    const labels = new Set(OF_PROMETHEUS)
    for (const { name, matchers } of selectors) {
      if (BESIDE.includes(name)) continue
      seen.add(name)
      const samples = shown.get(name) ?? []
      if (samples.length === 0) missing.push(name)
      for (const label of samples.flatMap(Object.keys)) labels.add(label)
      for (const { label, operator, value } of matchers.filter((one) => !OF_PROMETHEUS.includes(one.label))) {
        const what = `${name}{${label}${operator}"${value}"}`
        const wanted = new RegExp(`^(?:${operator.endsWith('~') ? value : value.replaceAll(/\W/g, '\\$&')})$`)
        const hit = samples.some((sample) => sample[label] !== undefined && wanted.test(sample[label]))
        if (samples.length > 0 && !hit && !UNSEEN.includes(what)) missing.push(what)
      }
    }
    missing.push(
      ...grouped.filter((label) => !labels.has(label)).map((label) => `by (${label}) of ${expression}`),
    )
  }

  expect(seen.size).toBeGreaterThan(20)
  expect(missing).toEqual([])
})

test('figures tell what was done', () => {
  const has = (name: string, labels: Sample) =>
    (shown.get(name) ?? []).some((sample) =>
      Object.entries(labels).every(([label, value]) => sample[label] === value),
    )

  expect(has('harbor_jobservice_task_total', { type: 'GARBAGE_COLLECTION', status: 'Success' })).toBe(true)
  expect(has('harbor_jobservice_task_total', { type: 'SCRUB', status: 'Success' })).toBe(true)
  expect(has('portolan_storage_failures_total', { driver: 'filesystem' })).toBe(true)
})
