import { readFile } from 'node:fs/promises'
import { processTree } from './memory.ts'

/** Of Linux, for decades. */
const TICKS_PER_SECOND = 100

/** Milliseconds of a core that a process and all that it has started have used. Unlike times by the clock they bear a busy machine. */
export async function cpuOfTree(pid: number): Promise<number> {
  const ticks = await Promise.all((await processTree(pid)).map(ticksOf))

  return (ticks.reduce((sum, each) => sum + each, 0) * 1000) / TICKS_PER_SECOND
}

async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Behind the name, which may hold anything: user and system time are the 14th and 15th of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')

  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
}
