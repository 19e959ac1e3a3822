import http from 'node:http'
import { parseArgs } from 'node:util'
import { send } from '../../tests/harness/http.ts'
import { administrator, createUser, openAsAdministrator, type User } from '../../tests/harness/project.ts'
import { startServer } from '../../tests/harness/server.ts'
import { CASES, type ListCase } from './cases.ts'
import { OTHER_CASES } from './cases-others.ts'
import { fill, HUGE } from './fill.ts'
import { OTHERS } from './fill-others.ts'

const { values: options } = parseArgs({
  options: {
    artifacts: { type: 'string', default: '100000' },
    repositories: { type: 'string', default: '10000' },
    projects: { type: 'string', default: '1000' },
    memberships: { type: 'string', default: '300' },
    some: { type: 'string', default: '10000' },
    many: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '20' },
    // Every so many-th of the combinations of order and filter.
    step: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [''] },
  },
})
const PAGE = 10
const BUDGET = 50
const FUZZY_BUDGET = 300

interface Measured {
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
  const userId = (await json<{ user_id: number }[]>('/users/search?username=lister'))[0]?.user_id ?? 0
  await fill(server.dataDirectory, userId, {
    projects: Number(options.projects),
    repositories: Number(options.repositories),
    artifacts: Number(options.artifacts),
    memberships: Number(options.memberships),
    some: Number(options.some),
    many: Number(options.many),
  })
  const project = (await json<{ project_id: number }>(`/projects/${HUGE.project}`)).project_id
  const signed = (
    await json<{ digest: string }[]>(`/projects/${HUGE.project}/repositories/${OTHERS.signed}/artifacts`)
  )[0]
  const place = (text: string) =>
    text
      .replace('{project}', String(project))
      .replace('{lister}', String(userId))
      .replace('{signed}', signed?.digest ?? '')
  for (const list of [...CASES, ...OTHER_CASES].filter(({ name }) =>
    options.only.some((part) => name.includes(part)),
  )) {
    const measured: Measured[] = []
    for (const caller of list.administratorOnly ? [administrator(server)] : [administrator(server), user])
      measured.push(...(await measureList(placed(list, place), caller)))
    print(list.name, measured)
  }
} finally {
  await server.dispose()
  agent.destroy()
}

/** The list with the ids that this server has given. */
function placed(list: ListCase, place: (text: string) => string): ListCase {
  const all = (texts: readonly string[]) => texts.map(place)
  return { ...list, path: place(list.path), filters: all(list.filters), fuzzy: all(list.fuzzy) }
}

async function json<T>(path: string): Promise<T> {
  const { body } = await openAsAdministrator(server).get(`/api/v2.0${path}`)
  return JSON.parse(body.toString('utf8')) as T
}

async function measureList(list: ListCase, caller: User): Promise<Measured[]> {
  const measured: Measured[] = []
  const size = Number(/page_size=(\d+)/.exec(list.path)?.[1] ?? PAGE)
  for (const sort of list.sorts) {
    for (const q of [...list.filters, ...list.fuzzy]) {
      const budget = list.fuzzy.includes(q) ? FUZZY_BUDGET : BUDGET
      const parts = [
        list.path.includes('page_size=') ? '' : `page_size=${PAGE}`,
        sort && `sort=${sort}`,
        q && `q=${encodeURIComponent(q)}`,
      ]
      const path = `${list.path}${list.path.includes('?') ? '&' : '?'}${parts.filter((part) => part !== '').join('&')}`
      const { total } = await ask(caller, path)
      const last = Math.max(Math.ceil(total / size), 1)
      const pages = last === 1 ? { only: 1 } : { first: 1, middle: Math.ceil(last / 2), last }
      for (const [page, number] of Object.entries(pages)) {
        const times: number[] = []
        for (let round = 0; round < Number(options.rounds); round += 1) {
          times.push((await ask(caller, `${path}&page=${number}`)).milliseconds)
        }
        times.sort((a, b) => a - b)
        const at = (part: number) => times[Math.min(Math.floor(times.length * part), times.length - 1)] ?? 0
        const what = [sort, q].filter((part) => part !== '').join(' ') || '(all)'
        const row = { caller: caller.username, query: what, page, budget }
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
  return { total: Number(answer.headers['x-total-count'] ?? 1), milliseconds }
}

function print(name: string, rows: readonly Measured[]): void {
  const worst = rows.toSorted((a, b) => b.p95 / b.budget - a.p95 / a.budget)
  const over = rows.filter(({ p95, budget }) => p95 > budget)
  process.stdout.write(`${name}: ${rows.length} pages, ${over.length} over budget; the slowest:\n`)
  for (const { caller, query, page, p50, p95, budget } of worst.slice(0, Math.max(over.length, 3))) {
    const figures = `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms of ${budget}`
    process.stdout.write(`  ${caller}, ${query}, ${page} page: ${figures}\n`)
  }
}
