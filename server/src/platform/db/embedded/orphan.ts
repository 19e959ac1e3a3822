import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FatalError } from '../../errors.ts'
import { SOCKET_PORT } from './settings.ts'

const FAST_WAIT_MS = 5_000
const IMMEDIATE_WAIT_MS = 5_000

/**
 * Clears what a start that was killed may have left in `directory`: a PostgreSQL without a parent is
 * stopped, its lock files are removed. The caller holds the lock of the data directory, so no living
 * Portolan owns that PostgreSQL.
 */
export async function clearOrphan(directory: string): Promise<void> {
  const locks = [join(directory, 'postmaster.pid'), join(directory, `.s.PGSQL.${SOCKET_PORT}.lock`)]
  const pids = await Promise.all(locks.map(readPid))
  for (const pid of new Set(pids)) {
    if (pid !== undefined && (await isServing(pid, directory))) await stop(pid, directory)
  }
  // The number may belong to another process by now, or to a dead one that nobody has reaped: either
  // would make PostgreSQL refuse to start.
  for (const lock of locks) await rm(lock, { force: true })
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new FatalError(`${file} cannot be read (${error.code}): was Portolan run as another user before?`, {
      cause: error,
    })
  })
  const pid = Number(text?.split('\n')[0])

  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** Whether the process is a PostgreSQL on this directory: that is where it stands. */
async function isServing(pid: number, directory: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  const standsIn = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)

  return standsIn === (await realpath(directory))
}

async function stop(pid: number, directory: string): Promise<void> {
  // Fast shutdown first; a server that hangs gets the immediate one, from which it recovers by its log.
  const steps = [
    ['SIGINT', FAST_WAIT_MS],
    ['SIGQUIT', IMMEDIATE_WAIT_MS],
  ] as const
  for (const [signal, patience] of steps) {
    send(pid, signal)
    for (const end = Date.now() + patience; Date.now() < end; await sleep(10)) {
      if (!(await isServing(pid, directory))) return
    }
  }
  throw new FatalError(`a PostgreSQL left over from an earlier start (process ${pid}) does not stop`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has gone by itself, or the wait will tell.
  }
}
