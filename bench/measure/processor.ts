import { readdir, readFile } from 'node:fs/promises'

/** The kernel counts in hundredths of a second, on every architecture that Node runs on. */
const TICKS = 100

/** Seconds of processor time, by the name of the program. */
export type Spent = Record<string, number>

/**
 * What a process and all below it have taken of the processors so far, those included that have ended and were waited
 * for: by program, so that a server and its database are told apart.
 */
export async function processorTime(root: number): Promise<Spent> {
  const all = new Map<number, Stat>()
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readStat(name)
    if (stat) all.set(Number(name), stat)
  }
  const spent: Spent = {}
  for (const [pid, stat] of all) {
    if (pid === root || isBelow(all, pid, root))
      spent[stat.program] = (spent[stat.program] ?? 0) + stat.ticks / TICKS
  }
  return spent
}

export function difference(after: Spent, before: Spent): Spent {
  const names = Object.keys(after)
  return Object.fromEntries(names.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]))
}

export function total(spent: Spent): number {
  return Object.values(spent).reduce((sum, each) => sum + each, 0)
}

interface Stat {
  parent: number
  program: string
  ticks: number
}

function isBelow(all: ReadonlyMap<number, Stat>, pid: number, root: number): boolean {
  for (let at = all.get(pid)?.parent; at !== undefined && at > 1; at = all.get(at)?.parent)
    if (at === root) return true
  return false
}

/** The second field is a name in parentheses, which may hold anything. */
async function readStat(pid: string): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const end = text.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = text.slice(end + 2).split(' ')
  // State is the first here; 11 to 14 are user and system time, its own and of the children that have ended.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return {
    parent: Number(fields[1]),
    program: text.slice(text.indexOf('(') + 1, end),
    ticks,
  }
}
