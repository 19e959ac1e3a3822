import { readdir, readFile, readlink } from 'node:fs/promises'

/** What a process of this machine holds, as the kernel tells it. Linux only. */
export interface Held {
  /** Files that are open, by their paths; those of no path (sockets, pipes) under what they are. */
  files: string[]
  sockets: number
}

export async function heldBy(pid: number): Promise<Held> {
  const directory = `/proc/${pid}/fd`
  const links = await Promise.all(
    (await readdir(directory)).map((name) => readlink(`${directory}/${name}`).catch(() => '')),
  )
  return {
    files: links.filter((link) => link.startsWith('/')),
    sockets: links.filter((link) => link.startsWith('socket:')).length,
  }
}

/** Bytes of memory that a process has at this moment, and the most that it ever had. */
export async function residentSize(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/** Waits until `isSo` answers true; answers what it answered last. For what happens soon, nobody knows when. */
export async function eventually(isSo: () => Promise<boolean>, patienceMs = 60_000): Promise<boolean> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    if (await isSo()) return true
    if (Date.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
