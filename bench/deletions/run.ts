import http from 'node:http'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { temporaryDirectory } from '../../tests/harness/directory.ts'
import { json, send } from '../../tests/harness/http.ts'
import { administrator, createProject, openAsAdministrator } from '../../tests/harness/project.ts'
import { startServer } from '../../tests/harness/server.ts'
import { cpuOfTree } from '../measure/cpu.ts'
import { fillRepository } from './fill.ts'

/**
 * How long it takes to delete tags of a repository with very many of them, and that repository, with and without rules that keep tags
 * (none of which keeps one of these), and how long everybody else waits meanwhile: `npm run deletions -w bench`.
 */
const { values: options } = parseArgs({
  options: {
    tags: { type: 'string', default: '100000' },
    repositories: { type: 'string', default: '40' },
    deletions: { type: 'string', default: '200' },
    only: { type: 'string', default: '' },
  },
})
const API = '/api/v2.0'

/** Rules by what is hard about them. */
const RULES: Readonly<Record<string, { kind: string; pattern: string } | undefined>> = {
  'no rule': undefined,
  'a pattern': { kind: 'doublestar', pattern: 'release-*' },
  'a regular expression': { kind: 'regex', pattern: 'v\\d+\\.\\d+\\.\\d+' },
  'one that looks at the end': { kind: 'regex', pattern: '.*-rc\\d+' },
  'one that most names begin like': { kind: 'regex', pattern: '[a-z]+-\\d+-g[0-9a-f]+[x-z]' },
  versions: { kind: 'semver', pattern: '>=1.0.0' },
  'all but': { kind: 'expression', pattern: '{"not": {"regex": "[a-z]+-\\\\d+-g[0-9a-f]+"}}' },
}

const agent = new http.Agent({ keepAlive: true })
const directory = await temporaryDirectory('deletions')
const server = await startServer({ dataDirectory: directory.path })
const client = new pg.Client({ host: `${directory.path}/postgres`, user: 'portolan', database: 'postgres' })
try {
  await client.connect()
  const admin = openAsAdministrator(server)
  const { name } = await createProject(server)
  const { project_id: id } = json(await admin.get(`${API}/projects/${name}`)) as { project_id: number }
  await fillRepository(client, id, Number(options.tags))
  await client.query('VACUUM (ANALYZE)')
  for (const [what, rule] of Object.entries(RULES)) {
    if (what.includes(options.only)) await measure({ name, id }, what, rule)
  }
} finally {
  await client.end()
  await server.dispose()
  await directory.remove()
  agent.destroy()
}

async function measure(
  project: { name: string; id: number },
  what: string,
  rule: { kind: string; pattern: string } | undefined,
): Promise<void> {
  await client.query('DELETE FROM immutable_rules')
  if (rule) await addRule(project.id, rule)
  const repository = `${API}/projects/${project.name}/repositories/many`
  const { rows } = await client.query('SELECT name FROM tags ORDER BY random() LIMIT $1', [
    Number(options.deletions),
  ])

  const names = rows.map((row) => String(row.name))
  // What one request takes on this machine at this moment, whatever it is about.
  const pings = await each(names, () => timed('GET', `${API}/ping`))
  const lists = await each(names, () => timed('GET', `${repository}/artifacts?with_tag=true&page_size=10`))
  const tags = await each(names, (tag) => timed('DELETE', `${repository}/artifacts/${tag}/tags/${tag}`))
  const whole = await each(Array(Number(options.repositories)).fill(''), async () => {
    const milliseconds = await timed('DELETE', repository)
    await revive()
    return milliseconds
  })
  const waits = watch()
  await timed('DELETE', repository)
  await revive()
  const waited = await waits.end()
  const said = { ping: pings, list: lists, tag: tags, repository: whole }
  process.stdout.write(`${what}\n`)
  for (const [call, { times, cpu }] of Object.entries(said)) {
    process.stdout.write(`  ${call}: ${figures(times)}, ${cpu.toFixed(1)} ms of a core each\n`)
  }
  process.stdout.write(`  pings while the repository is being deleted: ${figures(waited)}\n`)
}

interface Measured {
  times: number[]
  /** On the average, what is done behind the answers included. */
  cpu: number
}

async function each<T>(items: readonly T[], call: (item: T) => Promise<number>): Promise<Measured> {
  const before = await cpuOfTree(server.pid)
  const times: number[] = []
  for (const item of items) times.push(await call(item))

  return { times, cpu: ((await cpuOfTree(server.pid)) - before) / items.length }
}

/** By the interface it would be the work of minutes: a large one is counted again. */
async function revive(): Promise<void> {
  await client.query(
    'UPDATE repositories SET deletion_time = NULL, expiry_time = NULL, deleted_by = NULL, release_cursor = NULL',
  )
}

async function addRule(
  projectId: number,
  { kind, pattern }: { kind: string; pattern: string },
): Promise<void> {
  const body = {
    disabled: false,
    action: 'immutable',
    template: 'immutable_template',
    tag_selectors: [{ kind, decoration: 'matches', pattern }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
  }
  await timed('POST', `${API}/projects/${projectId}/immutabletagrules`, body)
}

/** Somebody else's requests, one after the other. */
function watch(): { end(): Promise<number[]> } {
  const times: number[] = []
  let over = false
  const work = (async () => {
    while (!over) times.push(await timed('GET', `${API}/ping`))
  })()
  return {
    async end() {
      over = true
      await work
      return times
    },
  }
}

async function timed(method: string, path: string, body?: object): Promise<number> {
  const { username, password } = administrator(server)
  const headers = {
    Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    ...(body && { 'Content-Type': 'application/json' }),
  }
  const begin = performance.now()
  const call = { method, path, headers, ...(body && { body: JSON.stringify(body) }) }
  const answer = await send(server.url, call, { agent })
  const milliseconds = performance.now() - begin
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString('utf8')}`)
  return milliseconds
}

function figures(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number) =>
    (sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0).toFixed(1)

  return `p50 ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)} ms of ${sorted.length}`
}
