import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { temporaryDirectory } from '../tests/harness/directory.ts'
import { describe, describeMemory, lookInto } from './lost.ts'
import { blobs } from './measure/blobs.ts'
import { ceilings } from './measure/ceiling.ts'
import { images } from './measure/images.ts'
import { lists } from './measure/lists.ts'
import { openLogins } from './measure/logins.ts'
import { manifests } from './measure/manifests.ts'
import { memoryByProgram, memoryOfTree, peakWhile } from './measure/memory.ts'
import { openReferences } from './measure/references.ts'
import { startUps } from './measure/start-up.ts'
import { render } from './page.ts'
import { distributions } from './peers/distribution.ts'
import type { Peer } from './peers/peer.ts'
import { buildPortolan, portolan, portolanBundled, type RunningPortolan } from './peers/portolan.ts'
import { zot } from './peers/zot.ts'
import { createSheet, type Row, ratioOf } from './sheet.ts'
import type { Measured, Sizes, Subject, Workload } from './workload.ts'

const ALL = 'start-up,manifests,tokens,blobs,images,lists,references'

/** Portolan beside every other registry that is on this machine: see README.md. */
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    mebibytes: { type: 'string' },
    listed: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string', default: ALL },
    page: { type: 'string', default: path.resolve(import.meta.dirname, '../docs/reference/benchmark.md') },
  },
})
const only = new Set(options.only.split(','))
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5))
const scripts = await temporaryDirectory('bench')
const sizes: Sizes = {
  seconds: Number(options.seconds ?? (options.quick ? 1 : 5)),
  mebibytes: Number(options.mebibytes ?? (options.quick ? 128 : 512)),
  listed: Number(options.listed ?? (options.quick ? 1000 : 10_000)),
  whole: !options.quick,
  directory: scripts.path,
}
/** How long all of it may take: where it would be more, less is repeated. */
const minutes = Number(options.minutes ?? (options.quick ? 13 : Number.POSITIVE_INFINITY))
const REFERENCE = 'reference'
const SETTLED_AFTER_MS = 10_000
/** A push may take a quarter longer than hashing or writing the same bytes alone. */
const OF_THE_MACHINE = 0.8

const sheet = createSheet()
const found = await Promise.all(
  [portolan, ...distributions, zot].map(async (peer) => ({ peer, version: await peer.version() })),
)
const peers: Peer[] = found.filter(({ version }) => version !== undefined).map(({ peer }) => peer)
const others = peers.slice(1).map(({ name }) => name)
const findings: string[] = []
const began = performance.now()
const load = os.loadavg()[0] ?? 0

await buildPortolan()
const generators = await ceilings(sizes)
for (const [what, rate] of generators) process.stdout.write(`ceiling of the generator, ${what}: ${rate}\n`)
if (only.has('start-up'))
  await startUps([portolanBundled, ...peers.slice(1)], rounds, (peer, ...measured) =>
    sheet.record(peer.name, ...measured),
  )
const directories = new Map(
  await Promise.all(peers.map(async (peer) => [peer, await temporaryDirectory('bench')] as const)),
)
try {
  const open = [
    ...(only.has('manifests') ? manifests(sizes, 'anonymous') : []),
    ...(only.has('blobs') ? blobs(sizes) : []),
    ...(only.has('images') ? images(sizes) : []),
    ...(only.has('lists') ? lists(sizes) : []),
  ]
  const closed = only.has('manifests') ? manifests(sizes, 'with a token') : []
  await phase(false, open, roundsWithin(open.length + closed.length))
  await phase(true, closed, roundsWithin(closed.length))
  if (only.has('start-up')) await startUpsOnFull()
} finally {
  for (const directory of directories.values()) await directory.remove()
}
await writePage()
await scripts.remove()

/**
 * All run at once, but are asked in turn: what one has cached or the machine is doing hits all alike. Portolan asks for a
 * token always; the others in the phase with tokens, and are started anew for it on what they have stored.
 */
async function phase(tokens: boolean, workloads: Workload[], roundsNow: () => number): Promise<void> {
  const subjects: Subject[] = []
  for (const peer of peers)
    subjects.push({ peer, running: await peer.start(directories.get(peer)?.path ?? '', { tokens }) })
  try {
    if (!tokens) {
      await new Promise((resolve) => setTimeout(resolve, SETTLED_AFTER_MS))
      await memory('memory, idle', subjects)
    }
    // First, so that what is slower than the machine itself is known while it can still be looked into.
    if (!tokens && only.has('references')) await references()
    for (const workload of workloads)
      await inTurn(workload, subjects, Math.min(roundsNow(), workload.mostRounds ?? rounds))
    if (tokens && only.has('tokens')) await logins(subjects)
    if (!tokens) await memory('memory, after all this', subjects)
  } finally {
    for (const { running } of subjects) await running.stop()
  }
}

/** As many rounds as are wanted while all is in time, one where so many workloads would take too long together. */
function roundsWithin(count: number): () => number {
  const begin = performance.now()
  const end = began + minutes * 60_000
  let at = 0
  return () => {
    const due = begin + ((end - begin) * at) / count
    at += 1
    return performance.now() > due ? 1 : rounds
  }
}

async function startUpsOnFull(): Promise<void> {
  const what = 'start-up, with all that was stored here'
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const starts = peer === portolan ? portolanBundled : peer
      const running = await starts.start(directories.get(peer)?.path ?? '')
      sheet.record(peer.name, { what, unit: 'ms', more: false, value: running.startedAfterMs })
      await running.stop()
    }
  }
}

async function inTurn(workload: Workload, subjects: Subject[], count: number): Promise<void> {
  const peaks = new Map<string, number>()
  for (const subject of subjects) await workload.prepare?.(subject)
  let rows: string[] = []
  for (let round = 0; round < count; round += 1) {
    // Whoever is first in a round pays for what the machine did before.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const { name } = subject.peer
      const { peak, result } = await peakWhile(subject.running.pid, () => workload.measure(subject))
      peaks.set(name, Math.max(peak, peaks.get(name) ?? 0))
      sheet.record(name, ...result)
      rows = result.map(({ what }) => what)
    }
  }
  for (const [name, peak] of peaks) raisePeak(name, peak)
  await explain(rows[0] ?? '', workload, subjects)
}

/** What is lost is done once more under the profiler, while all is still as it was. */
async function explain(what: string, workload: Workload, subjects: Subject[]): Promise<void> {
  const row = sheet.rows().find((each) => each.what === what)
  const ours = subjects.find(({ peer }) => peer.name === portolan.name)
  const lost = row && lostTo(row)
  if (ours === undefined || lost === undefined) return
  const theirs = subjects.find(({ peer }) => peer.name === lost.better)
  const again = (subject: Subject) => ({ ...subject, work: () => workload.measure(subject) })
  const finding = await lookInto({ what, ...lost }, again(ours), theirs && again(theirs))
  findings.push(describe(finding))
  process.stdout.write(`${findings.at(-1)}\n`)
}

/** Whoever is best at it, where that is another registry, or the machine itself by more than it may be. */
function lostTo(row: Row): { ratio: number; better: string } | undefined {
  const rated = others
    .filter((name) => row.values[name] !== undefined)
    .map((better) => ({ better, ratio: ratioOf(row, portolan.name, [better]) ?? 1 }))
  const machine = { better: REFERENCE, ratio: ratioOf(row, portolan.name, [REFERENCE]) ?? 1 }
  if (machine.ratio < OF_THE_MACHINE) rated.push(machine)
  const [worst] = rated.sort((a, b) => a.ratio - b.ratio)
  return worst && worst.ratio < 1 ? worst : undefined
}

async function memory(what: string, subjects: Subject[]): Promise<void> {
  for (const { peer, running } of subjects) {
    const value = (await memoryOfTree(running.pid)) / 2 ** 20
    sheet.record(peer.name, { what, unit: 'MiB', more: false, value })
    if (peer.name === portolan.name) findings.push(describeMemory(what, await memoryByProgram(running.pid)))
  }
}

function raisePeak(name: string, bytes: number): void {
  const what = 'memory, most at any time'
  const row = sheet.rows().find((each) => each.what === what)
  const value = bytes / 2 ** 20
  if (row?.values[name] === undefined) sheet.record(name, { what, unit: 'MiB', more: false, value })
  else row.values[name] = [Math.max(value, ...row.values[name])]
}

async function logins(subjects: Subject[]): Promise<void> {
  const ours = subjects.find(({ peer }) => peer.name === portolan.name)?.running as RunningPortolan
  // Its project is made when the first repository is asked for.
  await ours.open('app')
  await repeat(await openLogins(ours, sizes), portolan.name)
}

async function references(): Promise<void> {
  const machine = await openReferences(sizes)
  await repeat(machine.measure, REFERENCE)
  await machine.stop()
}

async function repeat(measure: () => Promise<Measured[]>, name: string): Promise<void> {
  for (let round = 0; round < rounds; round += 1) sheet.record(name, ...(await measure()))
}

async function writePage(): Promise<void> {
  const day = new Date().toISOString().slice(0, 10)
  const taken = Math.round((performance.now() - began) / 60_000)
  const text = await render({
    day,
    load,
    names: peers.map(({ name }) => name),
    reference: REFERENCE,
    versions: found.flatMap(({ peer, version }) =>
      version === undefined ? [] : [`${peer.name} ${version}`],
    ),
    settings: [
      `${Number.isFinite(minutes) ? `up to ${rounds}` : rounds} rounds in turn, wrk for ${sizes.seconds} s each; ${taken} minutes in all${options.quick ? ', with `--quick`' : ''}${options.only === ALL ? '' : `, only ${options.only}`}`,
      'Portolan checks a token, roles, quota and immutability on every request and keeps an audit log; the others run without any login, but for the rows with a token',
    ],
    durability: peers.map(({ name, durability }) => `${name}: ${durability}`),
    ceilings: generators,
    rows: sheet.rows(),
    findings,
    missing: found.filter(({ version }) => version === undefined).map(({ peer }) => peer.name),
  })
  await mkdir(path.dirname(options.page), { recursive: true })
  await writeFile(options.page, text)
  process.stdout.write(`\n${text}`)
}
