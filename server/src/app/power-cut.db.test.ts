import { afterAll, describe, expect, test } from 'vitest'
import { cutEverywhere } from './testing/power-cut.ts'
import { SCENARIOS } from './testing/scenarios.ts'
import { TRASH_SCENARIOS } from './testing/trash-scenarios.ts'
import { openWorld } from './testing/world.ts'

const world = await openWorld()

afterAll(world.drop)

describe('whenever the power is cut, nothing that was acknowledged is lost', { timeout: 300_000 }, () => {
  test.each([...SCENARIOS, ...TRASH_SCENARIOS])('$name', async (scenario) => {
    const { steps, disks, broken } = await cutEverywhere(world, scenario)

    expect(broken).toEqual([])
    expect(steps).toBeGreaterThan(3)
    expect(disks).toBeGreaterThan(3)
  })
})

test('the laboratory finds the loss where the disk ignores syncs', { timeout: 300_000 }, async () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'the log of a job')
  if (!scenario) throw new Error('there is no such scenario')

  for (const ignored of ['file', 'directory']) {
    const { broken } = await cutEverywhere(world, scenario, (kind) => kind === ignored)
    expect(broken).not.toEqual([])
  }
})
