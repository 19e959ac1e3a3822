import { afterAll, describe, expect, test } from 'vitest'
import { cutEverywhere } from './testing/power-cut.ts'
import { SCENARIOS } from './testing/scenarios.ts'
import { openWorld } from './testing/world.ts'

const world = await openWorld()

afterAll(world.drop)

describe('whenever the power is cut, nothing that was acknowledged is lost', { timeout: 300_000 }, () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    const { steps, disks, broken } = await cutEverywhere(world, scenario)

    expect(broken).toEqual([])
    expect(steps).toBeGreaterThan(5)
    expect(disks).toBeGreaterThan(5)
  })
})
