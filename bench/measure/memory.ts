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

async function processTree(root: number): Promise<number[]> {
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
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024
}
