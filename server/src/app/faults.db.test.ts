import { afterAll, describe, expect, test } from 'vitest'
import type { Operation } from '../storage/drivers/filesystem/testing-gate.ts'
import { type Fault, type Stay, strikeEverywhere } from './testing/faults.ts'
import { connectionLost } from './testing/gated-database.ts'
import { SCENARIOS } from './testing/scenarios.ts'
import { openWorld } from './testing/world.ts'

/** At every place one of the faults that fit there, in turn; by command each of them at every place. */
const ALL = process.env.PORTOLAN_FAULTS === 'all'
const USUAL = SCENARIOS.filter(({ name }) => ALL || /^(an image:|an upload that is taken)/.test(name))
const STAYS: readonly Stay[] = ['once', 'stays']

const world = await openWorld()

afterAll(world.drop)

const ofFiles =
  (pattern: RegExp) =>
  ({ of, what }: Operation): boolean =>
    of === 'files' && pattern.test(what)
const refusal = (code: string) => () => Object.assign(new Error(`${code}: refused`), { code })

const DISK: readonly Fault[] = [
  {
    name: 'ENOSPC',
    strikes: ofFiles(/^(open wx|mkdir|link|copyFile|writev|datasync|sync)$/),
    error: refusal('ENOSPC'),
    statuses: [507],
  },
  { name: 'EIO', strikes: ofFiles(/./), error: refusal('EIO'), statuses: [503] },
  {
    name: 'EMFILE',
    strikes: ofFiles(/^(open|copyFile|readdir)/),
    error: refusal('EMFILE'),
    statuses: [503],
  },
  {
    name: 'EROFS',
    strikes: ofFiles(/^(open (wx|r\+)|mkdir|link|unlink|copyFile|truncate|writev)$/),
    error: refusal('EROFS'),
    statuses: [503],
  },
]

const anyStatement = ({ of, what }: Operation) => of === 'database' && what !== 'rollback'
const DATABASE: readonly Fault[] = [
  { name: 'connection lost', strikes: anyStatement, error: connectionLost, statuses: [503] },
  { name: 'answer lost', strikes: anyStatement, error: connectionLost, afterwards: true, statuses: [503] },
  { name: '40001', strikes: anyStatement, error: refusal('40001'), statuses: [503] },
  { name: '53100', strikes: anyStatement, error: refusal('53100'), statuses: [503] },
]

type Chosen = { fault: Fault; stay: Stay }
type Choose = Parameters<typeof strikeEverywhere>[2]

function plans(faults: readonly Fault[]): Choose[] {
  const each = faults.flatMap((fault) => STAYS.map((stay): Chosen => ({ fault, stay })))
  const fitting = (chosen: readonly Chosen[], operation: Operation) =>
    chosen.filter(({ fault }) => fault.strikes(operation))
  if (ALL) return each.map((chosen) => (operation) => fitting([chosen], operation)[0])

  return [
    (operation, place) => {
      const some = fitting(each, operation)
      return some[place % some.length]
    },
  ]
}

describe.each([
  { what: 'the disk', faults: DISK, scenarios: USUAL },
  { what: 'the database', faults: DATABASE, scenarios: USUAL.filter(({ filesOnly }) => !filesOnly) },
])(
  'whatever $what refuses, the client is told, and nothing is lost or left',
  { timeout: ALL ? 7_200_000 : 1_200_000 },
  ({ faults, scenarios }) => {
    test.each(scenarios)('$name', async (scenario) => {
      const found = { places: 0, refused: 0 }
      for (const choose of plans(faults)) {
        const { places, refused, wrong } = await strikeEverywhere(world, scenario, choose)
        if (ALL) process.stdout.write(`${scenario.name}: ${places} places, ${refused} refused\n`)
        found.places += places
        found.refused += refused

        expect(wrong).toEqual([])
      }

      expect(found.refused).toBeGreaterThan(0)
      expect(found.places).toBeGreaterThan(5)
    })
  },
)
