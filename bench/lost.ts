import { answeringProcess } from './measure/memory.ts'
import { difference, processorTime, type Spent } from './measure/processor.ts'
import { type Profile, profileWhile } from './measure/profile.ts'
import type { RunningPeer } from './peers/peer.ts'

/** Where the time of one workload goes, here and at the registry that is better at it. */
export interface Finding {
  what: string
  ratio: number
  profile: Profile
  /** Processors that were busy on average, by program. */
  ours: Spent
  theirs: Spent | undefined
  better: string
}

const SHOWN_FUNCTIONS = 8
const SHOWN_GROUPS = 6

/** Does the same once more at both, ours under the profiler. What the machine itself does better has nobody to ask. */
export async function lookInto(
  lost: { what: string; ratio: number; better: string },
  ours: { running: RunningPeer; work: () => Promise<unknown> },
  theirs: { running: RunningPeer; work: () => Promise<unknown> } | undefined,
): Promise<Finding> {
  const other = theirs && (await busyWhile(theirs.running.pid, theirs.work))
  let mine: Spent = {}
  const profile = await profileWhile(
    await answeringProcess(ours.running.pid),
    ours.running.printed,
    async () => {
      mine = await busyWhile(ours.running.pid, ours.work)
    },
  )
  return { ...lost, profile, ours: mine, theirs: other }
}

/** One paragraph of Markdown. */
export function describe({ what, ratio, profile, ours, theirs, better }: Finding): string {
  const busy = profile.busyMilliseconds / (profile.busyMilliseconds + profile.idleMilliseconds)
  const functions = profile.functions
    .slice(0, SHOWN_FUNCTIONS)
    .map(({ name, share }) => `\`${name}\` ${percent(share)}`)
  const groups = groupsOf(profile).map(([name, share]) => `${name} ${percent(share)}`)
  return [
    `**${what}** (${ratio.toFixed(2)} of ${better}).`,
    `Processors busy: ${cores(ours)}${theirs ? `; ${better}: ${cores(theirs)}` : ''}.`,
    `The event loop was busy ${percent(busy)} of the time;`,
    `of that, by where the code is: ${groups.join(', ')}; by function: ${functions.join(', ')}.`,
  ].join(' ')
}

/** Who of us takes the memory. */
export function describeMemory(what: string, sizes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(sizes)
    .sort(([, a], [, b]) => b - a)
    .map(([name, bytes]) => `${programOf(name)} ${(bytes / 2 ** 20).toFixed(0)} MiB`)
  return `**${what}**: ${parts.join(', ')}.`
}

async function busyWhile(pid: number, work: () => Promise<unknown>): Promise<Spent> {
  const before = await processorTime(pid)
  const begin = performance.now()
  await work()
  const seconds = (performance.now() - begin) / 1000
  const spent = difference(await processorTime(pid), before)
  return Object.fromEntries(Object.entries(spent).map(([name, time]) => [name, time / seconds]))
}

function cores(spent: Spent): string {
  const parts = Object.entries(spent)
    .filter(([, share]) => share >= 0.01)
    .sort(([, a], [, b]) => b - a)
    .map(([name, share]) => `${programOf(name)} ${share.toFixed(2)}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

/** The kernel knows a process of Node by the name of its first thread. */
function programOf(name: string): string {
  return name === 'MainThread' ? 'node' : name
}

/** Functions of the same package or of the same folder of ours together; what has no file is Node's own, in C++. */
function groupsOf({ functions }: Profile): [string, number][] {
  const groups = new Map<string, number>()
  for (const { name, share } of functions) {
    const place = name.match(/ (\S+):\d+$/)?.[1]
    const group = place === undefined ? 'system calls and C++' : groupOf(place)
    groups.set(group, (groups.get(group) ?? 0) + share)
  }
  return [...groups].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_GROUPS)
}

function groupOf(place: string): string {
  if (place.startsWith('node:')) return 'Node'
  const parts = place.split('/')
  return parts.slice(0, place.startsWith('@') ? 2 : 1).join('/')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
