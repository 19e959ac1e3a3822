import { readFile } from 'node:fs/promises'
import type { RunningServer } from '../../tests/harness/server.ts'
import { processorTimeOf, processTree } from '../../tests/running/processes.ts'

/** Who of a server spends processor time. */
export type Part = 'web' | 'supervisor' | 'database'

/** Milliseconds of a processor that each part of a server has spent so far. */
export async function spentBy(server: RunningServer): Promise<Record<Part, number>> {
  const spent = { web: 0, supervisor: 0, database: 0 }
  for (const [pid, part] of await partsOf(server)) spent[part] += await processorTimeOf([pid])
  return spent
}

/** The processes that answer. */
export async function webProcesses(server: RunningServer): Promise<number[]> {
  return (await partsOf(server)).flatMap(([pid, part]) => (part === 'web' ? [pid] : []))
}

async function partsOf(server: RunningServer): Promise<(readonly [pid: number, part: Part])[]> {
  const tree = await processTree(server.pid)
  const parts = await Promise.all(tree.map(async (pid) => [pid, await partOf(pid)] as const))
  const several = parts.some(([, part]) => part === 'web')
  // Alone, the first of all is the one that answers.
  return parts.map(([pid, part]) => [pid, part === 'first' ? (several ? 'supervisor' : 'web') : part])
}

async function partOf(pid: number): Promise<Part | 'first'> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (command.includes('serve-process')) return 'web'
  return command.includes('main.ts') ? 'first' : 'database'
}

/** Milliseconds that this process, and programs that it has run, have spent on a processor: the load that it made. */
export async function spentHere(): Promise<number> {
  return await processorTimeOf([process.pid])
}
