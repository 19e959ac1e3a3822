import { join } from 'node:path'
import { sql } from 'kysely'
import { nodeFileSystem } from '../../storage/drivers/filesystem/fs.ts'
import { createForgetfulFileSystem } from '../../storage/drivers/filesystem/power-cut/forgetful-fs.ts'
import {
  fingerprintOf,
  LOSSES,
  materialise,
  type Survivor,
  survivorsOf,
} from '../../storage/drivers/filesystem/power-cut/survivors.ts'
import { withoutSyncs } from '../../storage/drivers/filesystem/power-cut/without-syncs.ts'
import { type Gate, gateFileSystem, type Operation } from '../../storage/drivers/filesystem/testing-gate.ts'
import { connectionLost, openGatedDatabase } from './gated-database.ts'
import { brokenPromises, noPromises, type Promises, SWEPT } from './promises.ts'
import { type Scenario, stageOf } from './scenarios.ts'
import { comeBack, inDirectory, openOver, type World } from './world.ts'

/** Syncs of which the disk takes no notice. */
export type Ignores = (kind: 'file' | 'directory', path: string) => boolean

/** What cuts at every step of a scenario have shown. */
export interface Cuts {
  steps: number
  /** Different disks that were looked at. */
  disks: number
  broken: string[]
}

/**
 * Cuts the power before every lasting step of a scenario. What is left on the disk is read in every way in which it may be
 * lost, beside what the database has committed by then; and from the disks that have lost all, and nothing, work goes on.
 */
export async function cutEverywhere(world: World, scenario: Scenario, ignores?: Ignores): Promise<Cuts> {
  const broken: string[] = []
  const looked = new Set<string>()
  const goings: { step: number; from: number; name: string }[] = []
  let steps = 0

  await inDirectory((base) =>
    play(world, scenario, { base, ignores }, async (cut) => {
      for (const [from, disk] of cut.disks().entries()) {
        if (from < REPEATED && !goings.some(({ name }) => name === disk.name)) {
          goings.push({ step: steps, from, name: disk.name })
        }
        if (looked.has(disk.name)) continue
        looked.add(disk.name)
        broken.push(...(await lookAt(world, scenario, cut, disk)).map((each) => `${cut.before}: ${each}`))
      }
      steps += 1
    }),
  )
  for (const { step, from } of goings) {
    broken.push(...(await inDirectory((base) => goOnFrom(world, scenario, { base, ignores, step, from }))))
  }
  return { steps, disks: looked.size, broken }
}

/** So many of LOSSES, the first ones, are disks from which work goes on: that which has lost all, and that which has lost nothing. */
const REPEATED = 2

interface Disk {
  survivor: Survivor
  /** The same for the same disk with the same rows, of which clients were told the same. */
  name: string
}

/** A moment at which the power may be cut. */
interface Cut {
  before: string
  disks(): Disk[]
  promises: Promises
  kept: Map<string, string>
  /** Whether the database may lose its last commit. */
  relaxed: boolean
}

interface Run {
  /** A directory of its own. */
  base: string
  ignores?: Ignores | undefined
}

/** Plays a scenario on a new disk, and calls `onCut` before every lasting step and at the end. Where that throws, the power is off. */
async function play(
  world: World,
  scenario: Scenario,
  { base, ignores }: Run,
  onCut: (cut: Cut) => Promise<void>,
): Promise<void> {
  await world.renew()
  const promises = noPromises()
  const kept = new Map<string, string>()
  const power = createPower((before, commits, relaxed) =>
    onCut({
      before: `cut before ${before}`,
      disks: () =>
        LOSSES.map((loss) => {
          const survivor = survivorsOf(forgetful.root, loss)
          return { survivor, name: `${commits} ${told(promises)} ${namesApart(fingerprintOf(survivor))}` }
        }),
      promises,
      kept,
      relaxed,
    }),
  )
  const forgetful = createForgetfulFileSystem(base, { onStep: () => undefined, ...(ignores && { ignores }) })
  const { fs } = gateFileSystem(forgetful.fs, power.gate)
  const database = openGatedDatabase(world.url, power.gate)
  const directory = join(base, 'store')
  try {
    const stage = stageOf(
      await openOver(database.db, directory, fs),
      await openOver(database.db, directory, fs),
      promises,
      kept,
    )
    await scenario.prepare?.(stage)
    power.watch()
    await scenario.work(stage)
    await power.atEnd()
  } catch (error) {
    if (!power.isOff()) throw error
  } finally {
    database.cutOff()
    await database.close()
    forgetful.close()
  }
}

/** The next start on a disk. Changes nothing in the database. */
function lookAt(world: World, scenario: Scenario, { promises }: Cut, { survivor }: Disk): Promise<string[]> {
  return onDisk(survivor, async (directory) =>
    brokenPromises(await openOver(world.db, directory, FAST), promises, [
      ...SWEPT,
      ...(scenario.tolerates ?? []),
    ]),
  )
}

/** The next start on the disk that one way of loss leaves at one step, after which the client comes back. */
async function goOnFrom(
  world: World,
  scenario: Scenario,
  { step, from, ...run }: Run & { step: number; from: number },
): Promise<string[]> {
  let steps = 0
  let end: { cut: Cut; disk: Disk | undefined } | undefined
  await play(world, scenario, run, async (cut) => {
    if (steps === step) {
      end = { cut, disk: cut.disks()[from] }
      throw connectionLost()
    }
    steps += 1
  })
  if (end?.disk === undefined) throw new Error(`there is no step ${step}`)
  const { cut, disk } = end
  const { promises, kept } = cut
  // The database loses what it was told that it may: whoever was about to end such an upload is told that there is none.
  if (cut.relaxed && from === 0) {
    const lost = await sql<{ id: string }>`
      DELETE FROM uploads WHERE "offset" = 0 AND epoch = 0 RETURNING id`.execute(world.db)
    for (const location of [...promises.ending.keys()]) {
      if (lost.rows.some(({ id }) => location.includes(id))) promises.ending.delete(location)
    }
  }
  const broken = await onDisk(disk.survivor, async (directory) => {
    const first = await openOver(world.db, directory, FAST)
    const second = await openOver(world.db, directory, FAST)
    return await comeBack(scenario, stageOf(first, second, promises, kept), directory)
  })
  return broken.map((each) => `${cut.before}, then: ${each}`)
}

/** What clients rely on, in short: the same disk may be right before they were told of something, and wrong behind it. */
function told({ blobs, manifests, gone, purged, uploads, objects }: Promises): string {
  const held = [...uploads.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  const names = [blobs, manifests, gone, purged, objects].map((each) => [...each.keys()].join())
  return `${held} ${names.join(' ')}`
}

/** Without what is random in the names of uploads: they are told apart by where they stand. */
function namesApart(fingerprint: string): string {
  return fingerprint.replace(/"[\w-]+-[0-9a-f]{16}"/g, '"upload"')
}

/** Of a start that nobody cuts the power of. */
const FAST = withoutSyncs(nodeFileSystem)

function onDisk<T>(survivor: Survivor, work: (directory: string) => Promise<T>): Promise<T> {
  return inDirectory((base) => {
    materialise(survivor, join(base, 'disk'))
    return work(join(base, 'disk', 'store'))
  })
}

/** A switch that everything hangs on. `onStep` is called before every lasting step, one at a time; where it throws, all is over. */
function createPower(onStep: (before: string, commits: number, relaxed: boolean) => Promise<void>) {
  let isWatched = false
  let isOff = false
  let relaxed = false
  let commits = 0
  let queue = Promise.resolve()

  function step(before: string): Promise<void> {
    queue = queue.then(async () => {
      if (isOff) throw connectionLost()
      try {
        await onStep(before, commits, relaxed)
      } catch (error) {
        isOff = true
        throw error
      }
    })
    return queue
  }
  const gate: Gate = {
    async before(operation) {
      if (isOff) throw connectionLost()
      if (isWatched && operation.lasting) await step(describe(operation))
      return undefined
    },
    async after(operation) {
      if (operation.of !== 'database' || !operation.lasting) return
      commits += 1
      relaxed = operation.subject.includes(`'synchronous_commit', 'off'`)
      // Done, and nobody has heard of it.
      if (isWatched) await step(`the answer to ${describe(operation)}`)
    },
  }

  return {
    gate,
    watch() {
      isWatched = true
    },
    isOff: () => isOff,
    atEnd: () => step('the end'),
  }
}

function describe({ of, what, subject }: Operation): string {
  return `${of} ${what} ${of === 'files' ? subject.slice(-50) : ''}`
}
