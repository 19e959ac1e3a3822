import http from 'node:http'
import { parseArgs } from 'node:util'
import { send } from '../../tests/harness/http.ts'
import { administrator, createUser, openAsAdministrator, type User } from '../../tests/harness/project.ts'
import { startServer } from '../../tests/harness/server.ts'
import { CASES, type ListCase } from './cases.ts'
import { fill } from './fill.ts'

const { values: options } = parseArgs({
  options: {
    artifacts: { type: 'string', default: '100000' },
    repositories: { type: 'string', default: '10000' },
    projects: { type: 'string', default: '1000' },
    memberships: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '20' },
    // Every so many-th of the combinations of order and filter.
    step: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})
const PAGE = 10
const BUDGET = 50
const FUZZY_BUDGET = 300

interface Measured {
  list: string
  caller: string
  query: string
  page: string
  p50: number
  p95: number
  budget: number
}

const agent = new http.Agent({ keepAlive: true })
const server = await startServer()
try {
  const user = await createUser(server, 'lister')
  const { body } = await openAsAdministrator(server).get('/api/v2.0/users/search?username=lister')
  const [found] = JSON.parse(body.toString('utf8')) as { user_id: number }[]
  await fill(server.dataDirectory, found?.user_id ?? 0, {
    projects: Number(options.projects),
    repositories: Number(options.repositories),
    artifacts: Number(options.artifacts),
    memberships: Number(options.memberships),
  })
  const measured: Measured[] = []
  for (const list of CASES.filter(({ name }) => name.includes(options.only))) {
    for (const caller of [administrator(server), user]) measured.push(...(await measureList(list, caller)))
  }
  print(measured)
} finally {
  await server.dispose()
  agent.destroy()
}

async function measureList(list: ListCase, caller: User): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const sort of list.sorts) {
    for (const q of [...list.filters, ...list.fuzzy]) {
      const budget = list.fuzzy.includes(q) ? FUZZY_BUDGET : BUDGET
      const query = `page_size=${PAGE}${sort && `&sort=${sort}`}${q && `&q=${encodeURIComponent(q)}`}`
      const { total } = await ask(caller, `${list.path}?${query}`)
      const last = Math.max(Math.ceil(total / PAGE), 1)
      for (const [page, number] of Object.entries({ first: 1, middle: Math.ceil(last / 2), last })) {
        const times: number[] = []
        for (let round = 0; round < Number(options.rounds); round += 1) {
          times.push((await ask(caller, `${list.path}?${query}&page=${number}`)).milliseconds)
        }
        times.sort((a, b) => a - b)
        const at = (part: number) => times[Math.min(Math.floor(times.length * part), times.length - 1)] ?? 0
        const what = [sort, q].filter((part) => part !== '').join(' ') || '(all)'
        const row = { list: list.name, caller: caller.username, query: what, page, budget }
        measured.push({ ...row, p50: at(0.5), p95: at(0.95) })
      }
    }
  }
  return measured
}

async function ask(caller: User, path: string): Promise<{ total: number; milliseconds: number }> {
  const basic = Buffer.from(`${caller.username}:${caller.password}`).toString('base64')
  const begin = performance.now()
  const answer = await send(
    server.url,
    { path: `/api/v2.0${path}`, headers: { Authorization: `Basic ${basic}` } },
    { agent },
  )
  const milliseconds = performance.now() - begin
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body.toString('utf8')}`)
  return { total: Number(answer.headers['x-total-count']), milliseconds }
}

function print(measured: readonly Measured[]): void {
  for (const name of new Set(measured.map(({ list }) => list))) {
    const rows = measured.filter(({ list }) => list === name)
    const worst = rows.toSorted((a, b) => b.p95 / b.budget - a.p95 / a.budget)
    const over = rows.filter(({ p95, budget }) => p95 > budget)
    process.stdout.write(`${name}: ${rows.length} pages, ${over.length} over budget; the slowest:\n`)
    for (const { caller, query, page, p50, p95, budget } of worst.slice(0, Math.max(over.length, 5))) {
      const figures = `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms of ${budget}`
      process.stdout.write(`  ${caller}, ${query}, ${page} page: ${figures}\n`)
    }
  }
}
