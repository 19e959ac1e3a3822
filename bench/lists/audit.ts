/**
 * How long lists of the audit logs take over a million rows each: `node bench/lists/audit.ts http://127.0.0.1:8080`, on a server
 * filled by `audit-rows.sql`. Asks for the first, middle and last page of every order with every filter, as administrator and
 * as member of 300 projects, prints median and 95th percentile of each in milliseconds, and ends with those that are over.
 * `--rounds 40`, `--only <part of a name>`, `--sort resource` (by these columns only), `--over <milliseconds>` (prints these only).
 */
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '40' },
    only: { type: 'string', multiple: true, default: [''] },
    sort: { type: 'string', multiple: true, default: [] },
    over: { type: 'string', default: '0' },
  },
})
const [origin = 'http://127.0.0.1:8080'] = positionals
const rounds = Number(values.rounds)
const CALLERS = { administrator: 'admin:Harbor12345', member: 'bench-member:Bench12345' }
/** Milliseconds that 95 of 100 pages take at most; those of a search for a part of a name. */
const MOST = 50
const MOST_FUZZY = 300

const project = await idOf('bench-1')
const EXACT: Record<string, string> = {
  project: `project_id=${project}`,
  operation: 'operation=pull',
  type: 'resource_type=tag',
  resource: 'resource=bench-1/app-7:207',
  username: 'username=builder',
  result: 'op_result=false',
}
const RANGE = `op_time=[${day(200)}~${day(20)}]`
const FILTERS = {
  none: '',
  ...EXACT,
  'rare operation': 'operation=delete',
  'common type': 'resource_type=artifact',
  'rare username': 'username=user-77',
  'common result': 'op_result=true',
  'some operations': 'operation={pull delete}',
  id: `id=${await anyId()}`,
  range: RANGE,
  'short range': `op_time=[${day(41)}~${day(40)}]`,
  'open range': `op_time=[${day(100)}~]`,
  ...Object.fromEntries(Object.entries(EXACT).map(([name, q]) => [`range, ${name}`, `${RANGE},${q}`])),
  ...pairs(EXACT),
  'fuzzy resource': 'resource=~app-7:2',
  'fuzzy username': 'username=~user-1',
  'fuzzy operation': 'operation=~ul',
}
const FIELDS = [
  'op_time',
  'id',
  'operation',
  'resource_type',
  'username',
  'resource',
  'project_id',
  'op_result',
]
/** The present log, and the one that was taken over. */
const LISTS = [
  ['auditlog-exts', false],
  ['audit-logs', true],
] as const
const SORTS = FIELDS.filter((field) => values.sort.length === 0 || values.sort.includes(field)).flatMap(
  (field) => [field, `-${field}`],
)

function pairs(filters: Record<string, string>): Record<string, string> {
  const all = Object.entries(filters)
  const both = all.flatMap(([name, q], at) =>
    all.slice(at + 1).map(([other, p]) => [`${name}, ${other}`, `${q},${p}`]),
  )
  return Object.fromEntries(both)
}

function day(before: number): string {
  return new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
}

async function get(path: string, caller: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(caller).toString('base64')}`
  const answer = await fetch(`${origin}/api/v2.0/${path}`, { headers: { authorization } })
  if (!answer.ok) throw new Error(`${answer.status} ${path}: ${await answer.text()}`)
  return answer
}

async function idOf(name: string): Promise<number> {
  const found = (await (await get(`projects/${name}`, CALLERS.administrator)).json()) as {
    project_id: number
  }
  return found.project_id
}

async function anyId(): Promise<number> {
  const [row] = (await (await get('auditlog-exts?page=5000', CALLERS.administrator)).json()) as {
    id: number
  }[]
  return row?.id ?? 0
}

interface Measured {
  name: string
  total: number
  median: number
  p95: number
}

async function measure(name: string, path: string, caller: string): Promise<Measured> {
  const times: number[] = []
  let total = 0
  for (let round = 0; round < rounds; round += 1) {
    const begin = performance.now()
    const answer = await get(path, caller)
    await answer.text()
    times.push(performance.now() - begin)
    total = Number(answer.headers.get('x-total-count'))
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.ceil(times.length * part) - 1] ?? 0
  const measured = { name, total, median: at(0.5), p95: at(0.95) }
  if (measured.p95 >= Number(values.over)) print(measured)
  return measured
}

function print({ name, total, median, p95 }: Measured): void {
  const [m, p] = [median, p95].map((time) => time.toFixed(1).padStart(7))
  process.stdout.write(`${m} ${p}  ${String(total).padStart(8)}  ${name}\n`)
}

async function measurePages(name: string, base: string, caller: string): Promise<Measured[]> {
  if (!values.only.some((part) => name.includes(part))) return []
  const first = await measure(`${name}, first`, base, caller)
  const last = Math.max(Math.ceil(first.total / 10), 1)
  if (last === 1) return [first]
  return [
    first,
    await measure(`${name}, middle`, `${base}&page=${Math.ceil(last / 2)}`, caller),
    await measure(`${name}, last`, `${base}&page=${last}`, caller),
  ]
}

const measured: Measured[] = []
process.stdout.write(' median    p95      rows  list\n')
// What the machine takes for next to nothing, at the beginning and at the end: how much of the rest is load.
print(await measure('ping', 'ping', CALLERS.administrator))
for (const [list, legacy] of LISTS) {
  const knows = (text: string) => !legacy || !text.includes('result')
  for (const [who, caller] of Object.entries(CALLERS))
    for (const [filter, q] of Object.entries(FILTERS).filter(([, q]) => knows(q)))
      for (const sort of SORTS.filter(knows))
        measured.push(
          ...(await measurePages(
            `${list} of ${who}, filter ${filter}, sort ${sort}`,
            `${list}?q=${encodeURIComponent(q)}&sort=${sort}`,
            caller,
          )),
        )
  const ofProject = legacy ? 'logs' : list
  for (const [filter, q] of Object.entries(FILTERS).filter(
    ([name, q]) => !name.includes('project') && knows(q),
  ))
    for (const sort of SORTS.filter(knows))
      measured.push(
        ...(await measurePages(
          `${ofProject} of one project, filter ${filter}, sort ${sort}`,
          `projects/bench-1/${ofProject}?q=${encodeURIComponent(q)}&sort=${sort}`,
          CALLERS.administrator,
        )),
      )
}

print(await measure('ping', 'ping', CALLERS.administrator))
const over = measured.filter(({ name, p95 }) => p95 > (name.includes('fuzzy') ? MOST_FUZZY : MOST))
process.stdout.write(`\n${over.length} of ${measured.length} are over\n`)
for (const one of over) print(one)
