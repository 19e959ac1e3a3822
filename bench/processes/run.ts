import os from 'node:os'
import { parseArgs } from 'node:util'
import { temporaryDirectory } from '../../tests/harness/directory.ts'
import { type RunningServer, startServer } from '../../tests/harness/server.ts'
import { memoryOf, processTree } from '../../tests/running/processes.ts'
import { surroundings } from '../report.ts'
import { median } from '../sheet.ts'
import { type Part, spentBy, spentHere, webProcesses } from './cost.ts'
import { openShares } from './share.ts'
import { type Work, worksOn } from './work.ts'

/**
 * What more processes on one port are good for: `npm run processes -w bench -- --counts 1,2,3`. Beside how much was done it tells
 * what each part has spent on it, which also says something where the machine has too few processors, or does other things.
 * With `--share 0.2` each of the processes that answer may use no more than so much of a processor while it is measured: then
 * processors are free for all others on a machine with two, and what is printed has been measured, not computed.
 */
const { values: options } = parseArgs({
  options: {
    counts: { type: 'string', default: '1,2,3' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '10' },
    clients: { type: 'string', default: '32' },
    share: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})
const counts = options.counts.split(',').map(Number)
const seconds = Number(options.seconds)
const clients = Number(options.clients)
const share = options.share === undefined ? undefined : Number(options.share)
const shares = share === undefined ? undefined : openShares()

interface Measured {
  /** A second. */
  rate: number
  /** Milliseconds of a processor for a thousand. */
  cost: Record<Part | 'load', number>
  /** How many processors we had, of those that there are. */
  had: number
  /** How many of them the processes had that answer. */
  webHad: number
}

const measured = new Map<string, Map<number, Measured[]>>()
const directory = await temporaryDirectory('processes')
const servers: { count: number; server: RunningServer; works: Work[] }[] = []
try {
  // All are there at once and take turns: what else the machine does meets them alike.
  for (const count of counts) {
    const server = await startServer({ env: { PORTOLAN_PROCESSES: String(count) } })
    servers.push({ count, server, works: [] })
    servers.at(-1)?.works.push(...(await worksOn(server, { clients, directory: directory.path })))
  }
  const names = servers[0]?.works.map(({ name }) => name) ?? []
  const chosen = names.filter((name) => options.only.split(',').some((part) => name.includes(part)))
  for (const name of chosen) {
    const turns = servers.flatMap(({ count, server, works }) =>
      works.filter((work) => work.name === name).map((work) => ({ count, server, work })),
    )
    // What is measured is a program that is warm, each process of it.
    for (const { count, work } of turns) await work.run(Number(options.warm) * count)
    const rows = new Map<number, Measured[]>(counts.map((count) => [count, []]))
    measured.set(name, rows)
    for (let round = 0; round < Number(options.rounds); round += 1) {
      for (const { count, server, work } of round % 2 === 0 ? turns : turns.toReversed()) {
        const one = await measure(server, work)
        rows.get(count)?.push(one)
        process.stdout.write(`${name}, ${count}: ${one.rate.toFixed(0)} a second\n`)
      }
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 12_000))
  for (const { count, server } of servers) {
    const memory = (await memoryOf(await processTree(server.pid))) / 2 ** 20
    process.stdout.write(`memory at rest, ${count}: ${memory.toFixed(0)} MiB\n`)
  }
} finally {
  shares?.giveUp()
  for (const { server } of servers) await server.dispose()
  await directory.remove()
}
await print()

async function measure(server: RunningServer, work: Work): Promise<Measured> {
  if (share !== undefined) shares?.limit(await webProcesses(server), share)
  const before = { ...(await spentBy(server)), load: await spentHere() }
  const begin = performance.now()
  const done = await work.run(seconds)
  const elapsed = performance.now() - begin
  const after = { ...(await spentBy(server)), load: await spentHere() }
  shares?.giveUp()
  const spent = (part: Part | 'load') => after[part] - before[part]
  const parts = ['web', 'supervisor', 'database', 'load'] as const
  const cost = Object.fromEntries(parts.map((part) => [part, (spent(part) * 1000) / done]))
  return {
    rate: (done * 1000) / elapsed,
    cost: cost as Measured['cost'],
    had: parts.reduce((sum, part) => sum + spent(part), 0) / elapsed,
    webHad: spent('web') / elapsed,
  }
}

async function print(): Promise<void> {
  const lines = [
    ...(await surroundings()),
    `load ${os.loadavg()[0]?.toFixed(1)} at the end, ${clients} clients`,
  ]
  if (share !== undefined) lines.push(`each process that answers had at most ${share} of a processor`)
  process.stdout.write(`\n${lines.map((line) => `- ${line}`).join('\n')}\n\n`)
  process.stdout.write(
    '| what | processes | a second | against one | µs: web | database | supervisor | load | processors had | of them web | against one, where there are free ones |\n',
  )
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n')
  for (const [name, rows] of measured) {
    const of = (count: number, value: (one: Measured) => number) => median((rows.get(count) ?? []).map(value))
    const [least = 1] = counts
    for (const count of counts) {
      const web = of(count, (one) => one.cost.web)
      const figures = [
        of(count, (one) => one.rate).toFixed(0),
        (of(count, (one) => one.rate) / of(least, (one) => one.rate)).toFixed(2),
        web.toFixed(0),
        of(count, (one) => one.cost.database).toFixed(0),
        of(count, (one) => one.cost.supervisor).toFixed(0),
        of(count, (one) => one.cost.load).toFixed(0),
        of(count, (one) => one.had).toFixed(2),
        of(count, (one) => one.webHad).toFixed(2),
        // Each of them busy all the time, and everybody else has processors of his own.
        ((count / least) * (of(least, (one) => one.cost.web) / web)).toFixed(2),
      ]
      process.stdout.write(`| ${name} | ${count} | ${figures.join(' | ')} |\n`)
    }
  }
}
