import { readdir, readFile } from 'node:fs/promises'

/** A process and all that descend from it. */
export async function processTree(pid: number): Promise<number[]> {
  const parents = await parentsOfAll()
  const tree = [pid]
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child)
  }
  return tree
}

/** Proportional set size in bytes, summed up: shared pages count once among those who share them. */
export async function memoryOf(pids: number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Milliseconds that the processes, and those of their children that have ended, have spent on a processor. */
export async function processorTimeOf(pids: number[]): Promise<number> {
  const times = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // After the name, which may hold anything: utime, stime, cutime and cstime are fields 14 to 17, in 10 ms.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return fields.slice(11, 15).reduce((sum, field) => sum + Number(field) * 10, 0)
    }),
  )
  return times.reduce((sum, time) => sum + time, 0)
}

/** Those of the processes that are still there; zombies are not. */
async function alive(pids: number[]): Promise<number[]> {
  const states = await Promise.all(
    pids.map(
      async (pid) =>
        /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1],
    ),
  )
  return pids.filter((_, index) => states[index] !== undefined && states[index] !== 'Z')
}

/** Resolves once all have gone, or with those that have not within `ms`. */
export async function gone(pids: number[], ms: number): Promise<number[]> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if ((await alive(pids)).length === 0) return []
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return await alive(pids)
}

async function parentsOfAll(): Promise<Map<number, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const rows = await Promise.all(
    pids.map(async (pid): Promise<[number, number]> => {
      const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      return [pid, Number(/^PPid:\s+(\d+)$/m.exec(text)?.[1] ?? 0)]
    }),
  )
  return new Map(rows)
}
