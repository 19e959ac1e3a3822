import { readFile } from 'node:fs/promises'
import os from 'node:os'

export interface Row {
  what: string
  unit: string
  /** Whether more is better; for times and memory less is. */
  more: boolean
  /** Every value measured, by the name of the registry. */
  values: Record<string, number[]>
}

/** A Markdown table of medians with the ratio of the first registry to the second. */
export function table(rows: Row[], names: [string, string]): string {
  const [ours, theirs] = names
  const lines = rows.map((row) => {
    const mine = median(row.values[ours] ?? [])
    const other = median(row.values[theirs] ?? [])
    const better = row.more ? mine / other : other / mine
    return `| ${row.what} | ${row.unit} | ${format(mine)} | ${format(other)} | ${better.toFixed(2)} |`
  })
  return [
    `| what | unit | ${ours} | ${theirs} | ratio (above 1: ${ours} is better) |`,
    '| --- | --- | ---: | ---: | ---: |',
    ...lines,
  ].join('\n')
}

/** What the numbers depend on: machine, kernel and runtime. */
export async function surroundings(): Promise<string[]> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return [
    `${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.availableParallelism()} cores, ${format(os.totalmem() / 2 ** 30)} GiB memory`,
    `${/^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? os.type()}, kernel ${os.release()}`,
    `Node ${process.version}`,
  ]
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}
