import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { nodeFileSystem } from '../../storage/drivers/filesystem/fs.ts'
import { withoutSyncs } from '../../storage/drivers/filesystem/power-cut/without-syncs.ts'
import { type Gate, gateFileSystem, type Operation } from '../../storage/drivers/filesystem/testing-gate.ts'
import { Refusal } from './client.ts'
import { openGatedDatabase } from './gated-database.ts'
import { brokenPromises, noPromises, SWEPT } from './promises.ts'
import { type Scenario, stageOf } from './scenarios.ts'
import { comeBack, inDirectory, openOver, type World } from './world.ts'

/** What goes wrong, and what the client may be told of it. */
export interface Fault {
  name: string
  strikes(operation: Operation): boolean
  error(): Error
  /** It comes when the operation is done: only the answer is lost. */
  afterwards?: boolean
  statuses: readonly number[]
}

/** Once, or from then on until the client has given up. */
export type Stay = 'once' | 'stays'

/** What strikes at every place of a scenario have shown. */
export interface Strikes {
  places: number
  /** How often the client was told that it had failed. */
  refused: number
  wrong: string[]
}

/**
 * Lets something go wrong at the first place of a scenario, then at the second, and so on. `choose` says what at each, if
 * anything.
 */
export async function strikeEverywhere(
  world: World,
  scenario: Scenario,
  choose: (operation: Operation, place: number) => { fault: Fault; stay: Stay } | undefined,
): Promise<Strikes> {
  const strikes: Strikes = { places: 0, refused: 0, wrong: [] }
  for (let place = 0; ; place += 1) {
    const outcome = await inDirectory((base) => strikeAt(world, scenario, { base, place, choose }))
    if (outcome === undefined) return { ...strikes, places: place }
    strikes.wrong.push(...outcome.wrong)
    if (outcome.isRefused) strikes.refused += 1
  }
}

interface Run {
  base: string
  place: number
  choose: Parameters<typeof strikeEverywhere>[2]
}

async function strikeAt(
  world: World,
  scenario: Scenario,
  { base, place, choose }: Run,
): Promise<{ wrong: string[]; isRefused: boolean } | undefined> {
  await world.renew()
  const trouble = createTrouble(place, choose)
  const { fs, openFiles } = gateFileSystem(withoutSyncs(nodeFileSystem), trouble.gate)
  const database = openGatedDatabase(world.url, trouble.gate)
  const promises = noPromises()
  const directory = join(base, 'store')
  try {
    const stage = stageOf(
      await openOver(database.db, directory, fs),
      await openOver(database.db, directory, fs),
      promises,
      new Map(),
    )
    await scenario.prepare?.(stage)
    trouble.begin()
    const error: unknown = await scenario.work(stage).then(
      () => undefined,
      (reason) => reason,
    )
    const struck = trouble.end()
    if (struck === 'nothing') {
      if (error !== undefined) throw error
      return undefined
    }

    const wrong: string[] = []
    if (error !== undefined) wrong.push(...wrongAnswer(error, struck.fault))
    if (!(await settles(() => openFiles() === 0))) wrong.push(`${openFiles()} files stay open`)
    if (!(await settles(() => database.inUse() === 0)))
      wrong.push(`${database.inUse()} connections stay in use`)
    wrong.push(
      ...(await brokenPromises(stage.programs[0], promises, [...SWEPT, ...(scenario.tolerates ?? [])])),
    )
    wrong.push(...(await comeBack(scenario, stage, directory)))
    if (openFiles() !== 0) wrong.push(`${openFiles()} files stay open in the end`)
    return { wrong: wrong.map((each) => `${struck.name}: ${each}`), isRefused: error !== undefined }
  } finally {
    await database.close()
  }
}

/** The client must be told in the form of the specification, and by a status that is no lie. */
function wrongAnswer(error: unknown, { statuses }: Fault): string[] {
  // Work that no client waits for ends with an error of its own.
  if (!(error instanceof Refusal)) return []
  const { statusCode, headers, payload } = error.answer
  const wrong: string[] = []
  if (!statuses.includes(statusCode)) wrong.push(`answered ${statusCode} ${payload}`)
  const isList = /^\{"errors":\[\{"code":"[A-Z_]+","message":"[^"]+"/.test(payload)
  if (!isList || !String(headers['content-type']).startsWith('application/json'))
    wrong.push(`answered ${payload}`)
  return wrong
}

/** What runs beside the answer comes to its end. */
async function settles(isSettled: () => boolean): Promise<boolean> {
  for (let round = 0; round < 1000; round += 1) {
    if (isSettled()) return true
    await setImmediate()
  }
  return false
}

type Struck = { name: string; fault: Fault }

function createTrouble(place: number, choose: Run['choose']) {
  let isOn = false
  let seen = 0
  let struck: Struck | 'nothing' = 'nothing'
  let staying: Fault | undefined
  let lateOperation: Operation | undefined

  const gate: Gate = {
    async before(operation) {
      if (!isOn) return undefined
      if (staying?.strikes(operation)) throw staying.error()
      if (struck !== 'nothing') return undefined
      const chosen = choose(operation, place)
      if (!chosen) return undefined
      if (seen < place) {
        seen += 1
        return undefined
      }
      const { fault, stay } = chosen
      struck = {
        name: `${fault.name} (${stay}) at ${operation.what} ${operation.subject.slice(0, 200)}`,
        fault,
      }
      if (stay === 'stays') staying = fault
      if (!fault.afterwards) throw fault.error()
      lateOperation = operation
      return undefined
    },
    async after(operation) {
      if (operation !== lateOperation || struck === 'nothing') return
      lateOperation = undefined
      throw struck.fault.error()
    },
  }

  return {
    gate,
    begin() {
      isOn = true
    },
    end() {
      isOn = false
      return struck
    },
  }
}
