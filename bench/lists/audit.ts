/**
 * How long lists of the audit log take over a million rows: `node bench/lists/audit.ts http://127.0.0.1:8080`, on a server
 * filled by `audit-rows.sql`. Prints median and 95th percentile of each list in milliseconds.
 */
const [origin = 'http://127.0.0.1:8080', rounds = '40'] = process.argv.slice(2)
const CALLERS = { administrator: 'admin:Harbor12345', member: 'bench-member:Bench12345' }
const FILTERS: Record<string, string> = {
  none: '',
  operation: 'operation=pull',
  rare: 'operation=delete,resource_type=member',
  username: 'username=builder',
  resource: 'resource=bench-1/app-7:207',
  range: `op_time=[${day(200)}~${day(20)}]`,
  'range, operation': `op_time=[${day(200)}~${day(20)}],operation=pull`,
  fuzzy: 'resource=~app-7:2',
}
const SORTS = ['', 'op_time', 'operation', '-username', 'resource_type', 'id']

function day(before: number): string {
  return new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
}

async function ask(path: string, caller: string): Promise<{ total: number; milliseconds: number }> {
  const authorization = `Basic ${Buffer.from(caller).toString('base64')}`
  const begin = performance.now()
  const answer = await fetch(`${origin}/api/v2.0/${path}`, { headers: { authorization } })
  await answer.text()
  if (!answer.ok) throw new Error(`${answer.status} ${path}`)
  return { total: Number(answer.headers.get('x-total-count')), milliseconds: performance.now() - begin }
}

async function measure(name: string, path: string, caller: string): Promise<number> {
  const times: number[] = []
  let total = 0
  for (let round = 0; round < Number(rounds); round += 1) {
    const { milliseconds, total: count } = await ask(path, caller)
    times.push(milliseconds)
    total = count
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => (times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(1).padStart(7)
  process.stdout.write(`${at(0.5)} ${at(0.95)}  ${String(total).padStart(8)}  ${name}\n`)
  return total
}

process.stdout.write(' median    p95      rows  list\n')
for (const [who, caller] of Object.entries(CALLERS)) {
  for (const [filter, q] of Object.entries(FILTERS)) {
    for (const sort of filter === 'none' || filter === 'operation' ? SORTS : ['']) {
      const base = `auditlog-exts?q=${encodeURIComponent(q)}&sort=${sort}`
      const name = `${who}, filter ${filter}${sort ? `, sort ${sort}` : ''}`
      const total = await measure(`${name}, first`, base, caller)
      const last = Math.max(Math.ceil(total / 10), 1)
      await measure(`${name}, middle`, `${base}&page=${Math.ceil(last / 2)}`, caller)
      await measure(`${name}, last`, `${base}&page=${last}`, caller)
    }
  }
}
for (const page of [1, 15_000])
  await measure(
    `one busy project, page ${page}`,
    `projects/bench-1/auditlog-exts?page=${page}`,
    CALLERS.administrator,
  )
