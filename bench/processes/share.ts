import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Short, so that a process that has used up what it may does not stand still for long. */
const PERIOD_MICROSECONDS = 10_000
/** The kernel takes no less. */
const LEAST_MICROSECONDS = 1000

export interface Shares {
  /** Each of the processes may use so much of one processor, with all its threads, until it is given up. */
  limit(pids: readonly number[], share: number): void
  /** They may use all again, and nothing is left of it. */
  giveUp(): void
}

/**
 * Holds processes to a share of a processor, by a control group of Linux for each: where some of several take a fifth each, processors are
 * free for everybody else, as on a machine that has many. Only for root, and it says so where the machine has no such groups.
 */
export function openShares(): Shares {
  const tree = findTree()
  const groups: { directory: string; pid: number; home: string }[] = []

  function limit(pids: readonly number[], share: number): void {
    const quota = Math.round(share * PERIOD_MICROSECONDS)
    if (!(quota >= LEAST_MICROSECONDS)) {
      throw new Error(`a share is at least ${LEAST_MICROSECONDS / PERIOD_MICROSECONDS} of a processor`)
    }
    try {
      for (const pid of pids) {
        const home = path.join(tree.directory, groupOf(pid, tree.controller))
        const directory = path.join(tree.directory, `portolan-bench-${process.pid}-${pid}`)
        mkdirSync(directory)
        groups.push({ directory, pid, home })
        for (const [file, value] of tree.settings(quota)) writeFileSync(path.join(directory, file), value)
        writeFileSync(path.join(directory, 'cgroup.procs'), String(pid))
      }
    } catch (cause) {
      giveUp()
      throw new Error('no share can be given to processes here; are you root on the machine itself?', {
        cause,
      })
    }
  }

  function giveUp(): void {
    for (const { directory, pid, home } of groups.splice(0)) {
      try {
        writeFileSync(path.join(home, 'cgroup.procs'), String(pid))
      } catch {
        // It has ended meanwhile, and has left its group by that.
      }
      rmdirSync(directory)
    }
  }

  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => process.exit(code))
  }
  process.once('exit', giveUp)
  return { limit, giveUp }
}

interface Tree {
  directory: string
  /** As `/proc/<pid>/cgroup` names it; version 2 has no name there. */
  controller: string
  settings(quota: number): [file: string, value: string][]
}

/** Version 1, where processor time is under that, or else version 2. */
function findTree(): Tree {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
  for (const [, directory = '', type, options = ''] of mounts) {
    if (type !== 'cgroup' || !options.split(',').includes('cpu')) continue
    return {
      directory,
      controller: 'cpu',
      settings: (quota) => [
        ['cpu.cfs_period_us', String(PERIOD_MICROSECONDS)],
        ['cpu.cfs_quota_us', String(quota)],
      ],
    }
  }
  for (const [, directory = '', type] of mounts) {
    if (type !== 'cgroup2') continue
    const given = path.join(directory, 'cgroup.subtree_control')
    if (!readFileSync(given, 'utf8').split(/\s/).includes('cpu')) continue
    return {
      directory,
      controller: '',
      settings: (quota) => [['cpu.max', `${quota} ${PERIOD_MICROSECONDS}`]],
    }
  }
  throw new Error(
    'this machine has no control groups for processor time: --share needs Linux with `cpu` mounted',
  )
}

/** Where a process is now. */
function groupOf(pid: number, controller: string): string {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')) {
    const [, controllers = '', ...group] = line.split(':')
    if (controllers.split(',').includes(controller)) return group.join(':')
  }
  throw new Error(`process ${pid} is in no group for processor time`)
}
