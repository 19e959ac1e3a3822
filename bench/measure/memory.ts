import { readdir, readFile } from 'node:fs/promises'

/**
 * Bytes that a process and all below it take: the sum of their proportional set sizes, so that memory which
 * they share counts once. Linux only; other users' processes can be read by root alone.
 */
export async function memoryOfTree(pid: number): Promise<number> {
  const tree = await processTree(pid)
  const sizes = await Promise.all(tree.map(proportionalSetSize))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The same by the name of the program, a server apart from its database. */
export async function memoryByProgram(pid: number): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {}
  for (const each of await processTree(pid)) {
    const name = (await readFile(`/proc/${each}/comm`, 'utf8').catch(() => '')).trim()
    sizes[name] = (sizes[name] ?? 0) + (await proportionalSetSize(each))
  }
  return sizes
}

/** The process that answers requests: one below the root where that hands connections out, of several the one that was started first. */
export async function answeringProcess(root: number): Promise<number> {
  for (const pid of (await processTree(root)).slice(1)) {
    const program = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    // The kernel's name of Node.
    if (program.trim() === 'MainThread') return pid
  }
  return root
}

/** The most that a process and all below it have taken at once while `work` ran, looked at once a second. */
export async function peakWhile<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ peak: number; result: Result }> {
  let peak = await memoryOfTree(pid)
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = memoryOfTree(pid).then((bytes) => {
      peak = Math.max(peak, bytes)
    })
  }, 1000)
  try {
    const result = await work()
    await looking
    return { peak: Math.max(peak, await memoryOfTree(pid)), result }
  } finally {
    clearInterval(timer)
  }
}

/** A process and all that it has started. */
export async function processTree(root: number): Promise<number[]> {
  const parents = new Map<number, number>()
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name)) {
      parents.set(Number(name), await parentOf(name))
    }
  }
  const tree = [root]
  for (const ancestor of tree) {
    for (const [pid, parent] of parents) {
      if (parent === ancestor) {
        tree.push(pid)
      }
    }
  }
  return tree
}

/** The fourth field; the second is a name in parentheses, which may hold anything. */
async function parentOf(pid: string): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

async function proportionalSetSize(pid: number): Promise<number> {
  // A process may have ended since it was listed.
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024
}
