import os from 'node:os'
import { parseArgs } from 'node:util'
import { startServer } from '../../tests/harness/server.ts'
import { memoryOf, processTree } from '../../tests/running/processes.ts'
import { surroundings } from '../report.ts'
import { median } from '../sheet.ts'
import { type Part, spentBy, spentHere } from './cost.ts'
import { worksOn } from './work.ts'

/**
 * What more processes on one port are good for: `npm run processes -w bench -- --counts 1,2,3`. Beside how much was done it tells
 * what each part has spent on it, which also says something where the machine has too few processors, or does other things.
 */
const { values: options } = parseArgs({
  options: {
    counts: { type: 'string', default: '1,2,3' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
  },
})
const counts = options.counts.split(',').map(Number)
const seconds = Number(options.seconds)

interface Measured {
  /** A second. */
  rate: number
  /** Milliseconds of a processor for a thousand. */
  cost: Record<Part | 'load', number>
  /** How many processors we had, of those that there are. */
  had: number
}

const measured = new Map<string, Map<number, Measured[]>>()
for (let round = 0; round < Number(options.rounds); round += 1) {
  for (const count of round % 2 === 0 ? counts : counts.toReversed()) {
    const server = await startServer({ env: { PORTOLAN_PROCESSES: String(count) } })
    try {
      for (const work of await worksOn(server)) {
        if (!work.name.includes(options.only)) continue
        // What is measured is a program that is warm.
        await work.run(seconds)
        const before = { ...(await spentBy(server)), load: await spentHere() }
        const begin = performance.now()
        const done = await work.run(seconds)
        const elapsed = performance.now() - begin
        const after = { ...(await spentBy(server)), load: await spentHere() }
        const spent = (part: Part | 'load') => after[part] - before[part]
        const parts = ['web', 'supervisor', 'database', 'load'] as const
        const cost = Object.fromEntries(parts.map((part) => [part, (spent(part) * 1000) / done]))
        const had = parts.reduce((sum, part) => sum + spent(part), 0) / elapsed
        const one = { rate: (done * 1000) / elapsed, cost: cost as Measured['cost'], had }
        const rows = measured.get(work.name) ?? new Map<number, Measured[]>()
        rows.set(count, [...(rows.get(count) ?? []), one])
        measured.set(work.name, rows)
        process.stdout.write(`${work.name}, ${count}: ${one.rate.toFixed(0)} a second\n`)
      }
      await new Promise((resolve) => setTimeout(resolve, 12_000))
      const memory = (await memoryOf(await processTree(server.pid))) / 2 ** 20
      process.stdout.write(`memory at rest, ${count}: ${memory.toFixed(0)} MiB\n`)
    } finally {
      await server.dispose()
    }
  }
}
await print()

async function print(): Promise<void> {
  const lines = [...(await surroundings()), `load ${os.loadavg()[0]?.toFixed(1)} at the end`]
  process.stdout.write(`\n${lines.map((line) => `- ${line}`).join('\n')}\n\n`)
  process.stdout.write(
    '| what | processes | a second | against one | µs: web | database | supervisor | load | processors had | against one, where there are free ones |\n',
  )
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n')
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
        // Each of them busy all the time, and everybody else has processors of his own.
        ((count / least) * (of(least, (one) => one.cost.web) / web)).toFixed(2),
      ]
      process.stdout.write(`| ${name} | ${count} | ${figures.join(' | ')} |\n`)
    }
  }
}
