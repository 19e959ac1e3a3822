import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { median, type Row, ratioOf } from './sheet.ts'

/** A Markdown table: medians with least and greatest, and the ratio of the first registry to the best of the others. */
export function table(rows: readonly Row[], names: readonly string[], reference: string): string {
  const [ours = '', ...others] = names
  const columns = [...names, reference]
  const lines = rows.map((row) => {
    const cells = columns.map((name) => cell(row.values[name]))
    const ratio = ratioOf(row, ours, others)
    const machine = ratioOf(row, ours, [reference])
    return `| ${[row.what, row.unit, ...cells, show(ratio), show(machine)].join(' | ')} |`
  })
  return [
    `| ${['what', 'unit', ...columns, 'to the best of the others', `to the ${reference}`].join(' | ')} |`,
    `| --- | --- |${' ---: |'.repeat(columns.length + 2)}`,
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

function cell(values: readonly number[] | undefined): string {
  if (values === undefined) return ''
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return values.length === 1 ? format(least) : `${format(median(values))} (${format(least)}–${format(most)})`
}

function show(ratio: number | undefined): string {
  return ratio === undefined ? '' : ratio < 1 ? `**${ratio.toFixed(2)}**` : ratio.toFixed(2)
}

function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}
