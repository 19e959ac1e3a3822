import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import { config, descriptorOf, image, layer } from '../tests/harness/content.ts'
import { json, send } from '../tests/harness/http.ts'
import { createProject, openAsAdministrator, type Project } from '../tests/harness/project.ts'
import { fetchToken, locationOf, type Registry, withQuery } from '../tests/harness/registry.ts'
import { type RunningServer, startServer } from '../tests/harness/server.ts'
import { median } from './sheet.ts'

/**
 * Many clients push into one project at once: without a limit, with one that is far away, and with one that is reached
 * half-way. What the quota makes a push wait is told by the server itself, at level debug.
 */
const { values: options } = parseArgs({
  options: {
    clients: { type: 'string', default: '500' },
    pushes: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
})
const clients = Number(options.clients)
const pushes = Number(options.pushes)
const LAYER_BYTES = 2_000
/** Layer, config and manifest, nearly. */
const IMAGE_BYTES = 2_720

interface Measured {
  rate: number
  refused: number
  waits: number[]
  contended: number
}

const agent = new Agent({ keepAlive: true, maxSockets: clients })
const server = await startServer({ env: { PORTOLAN_LOG_LEVEL: 'debug' } })
const admin = openAsAdministrator(server)
const kinds = {
  'without limit': undefined,
  'far from the limit': 2 ** 40,
  'limit reached half-way': Math.floor((clients * pushes * IMAGE_BYTES) / 2),
}
const all = new Map<string, Measured[]>()
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const [kind, limit] of Object.entries(kinds)) {
    const measured = await measure(server, limit)
    all.set(kind, [...(all.get(kind) ?? []), measured])
    process.stdout.write(`${kind}: ${line(measured)}\n`)
  }
}
process.stdout.write(
  `\nmedian of ${options.rounds} rounds, ${clients} clients at once, ${pushes} pushes each\n`,
)
for (const [kind, rounds] of all) {
  const rate = median(rounds.map((one) => one.rate))
  const waits = rounds.flatMap((one) => one.waits).sort((a, b) => a - b)
  process.stdout.write(
    `${kind}: ${rate.toFixed(0)} pushes/s; quota p50 ${at(waits, 0.5)} p99 ${at(waits, 0.99)} max ${at(waits, 1)} ms\n`,
  )
}
agent.destroy()
await server.dispose()

async function measure(running: RunningServer, limit: number | undefined): Promise<Measured> {
  const project = await createProject(running)
  if (limit !== undefined) await setLimit(project, limit)
  const repository = `${project.name}/bench`
  const refusal = await admin.as().send({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  const token = await fetchToken(admin, refusal.headers['www-authenticate'] ?? '')
  const headers = { Authorization: `Bearer ${token}` }
  const before = running.log().length
  let done = false
  const watching = watch(admin, project, limit, () => done)

  const begin = performance.now()
  const outcomes = await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      let accepted = 0
      for (let turn = 0; turn < pushes; turn += 1) {
        if (await push(running.url, repository, headers, `t${client}-${turn}`)) accepted += 1
      }
      return accepted
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  done = true
  await watching

  const counted = readWaits(running.log().slice(before))
  const accepted = outcomes.reduce((sum, each) => sum + each, 0)
  return {
    rate: accepted / seconds,
    refused: clients * pushes - accepted,
    waits: counted.map((one) => one.milliseconds).sort((a, b) => a - b),
    contended: counted.filter((one) => one.contended).length,
  }
}

/** One image: config, layer, manifest. Answers whether it was taken; a refusal must be the quota's. */
async function push(
  url: string,
  repository: string,
  headers: Record<string, string>,
  tag: string,
): Promise<boolean> {
  const ask = (call: Parameters<typeof send>[1]) =>
    send(url, { ...call, headers: { ...headers, ...call.headers } }, { agent })
  const parts = [config(), layer(LAYER_BYTES)]
  for (const part of parts) {
    const begun = await ask({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
    if (isRefusal(begun, 202)) return false
    const path = withQuery(locationOf(begun), { digest: part.digest })
    if (isRefusal(await ask({ method: 'PUT', path, body: part.bytes }), 201)) return false
  }
  const [configuration, only] = parts.map(descriptorOf)
  if (!configuration || !only) throw new Error('an image has two parts')
  const content = image({ config: configuration, layers: [only] })
  const answer = await ask({
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { 'Content-Type': content.mediaType },
    body: content.bytes,
  })
  return !isRefusal(answer, 201)
}

function isRefusal(answer: { status: number; body: Buffer }, expected: number): boolean {
  const text = answer.body.toString('utf8')
  if (answer.status === 403 && text.includes('will exceed the configured upper limit')) return true
  if (answer.status !== expected) throw new Error(`${answer.status} instead of ${expected}: ${text}`)
  return false
}

/** Reads what is used again and again: it must never be negative, nor over the limit. */
async function watch(
  registry: Registry,
  project: Project,
  limit: number | undefined,
  isDone: () => boolean,
): Promise<void> {
  for (let last = false; !last; ) {
    last = isDone()
    const { used } = json(await registry.get(`/api/v2.0/quotas/${project.id}`)) as {
      used: { storage: number }
    }
    if (used.storage < 0 || used.storage > (limit ?? Number.POSITIVE_INFINITY)) {
      throw new Error(`${used.storage} bytes are used of ${limit}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function setLimit(project: Project, limit: number): Promise<void> {
  const answer = await admin.send({
    method: 'PUT',
    path: `/api/v2.0/quotas/${project.id}`,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ hard: { storage: limit } }),
  })
  if (answer.status !== 200) throw new Error(`no limit: ${answer.status}`)
}

function readWaits(log: string): { milliseconds: number; contended: boolean }[] {
  return log
    .split('\n')
    .filter((text) => text.includes('"quota counted"'))
    .map((text) => JSON.parse(text) as { milliseconds: number; contended: boolean })
}

function line({ rate, refused, waits, contended }: Measured): string {
  return `${rate.toFixed(0)} pushes/s, ${refused} refused; quota p50 ${at(waits, 0.5)} p99 ${at(waits, 0.99)} max ${at(waits, 1)} ms, ${contended} of ${waits.length} contended`
}

function at(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1)
}
