import type { Measured } from './workload.ts'

export interface Row {
  what: string
  unit: string
  /** Whether more is better; for times and memory less is. */
  more: boolean
  /** Every value measured, by the name of the registry. */
  values: Record<string, number[]>
}

/** All that was measured in a run, in the order in which it was first measured. */
export interface Sheet {
  rows(): Row[]
  record(name: string, ...measured: Measured[]): void
}

export function createSheet(): Sheet {
  const rows = new Map<string, Row>()
  return {
    rows: () => [...rows.values()],
    record: (name, ...measured) => {
      for (const { what, unit, more, value } of measured) {
        const row = rows.get(what) ?? { what, unit, more, values: {} }
        row.values[name] = [...(row.values[name] ?? []), value]
        rows.set(what, row)
        process.stdout.write(`${what}, ${name}: ${value.toFixed(1)} ${unit}\n`)
      }
    },
  }
}

/** How the first compares with the best of the others; above 1 it is better. Undefined where nobody else was asked. */
export function ratioOf(row: Row, ours: string, others: readonly string[]): number | undefined {
  const mine = median(row.values[ours] ?? [])
  const theirs = others.map((name) => row.values[name]).filter((values) => values !== undefined)
  if (Number.isNaN(mine) || theirs.length === 0) return undefined
  const best = theirs.map(median).reduce((a, b) => (row.more === a > b ? a : b))
  return row.more ? mine / best : best / mine
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}
