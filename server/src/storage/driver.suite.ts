import { describe, expect, test } from 'vitest'
import type { StorageDriver } from './driver.ts'
import { concurrencyCases } from './suite/concurrency.suite.ts'
import { listingCases } from './suite/listing.suite.ts'
import { objectCases } from './suite/objects.suite.ts'
import type { SuiteCase } from './suite/suite-case.ts'
import { uploadCases } from './suite/uploads.suite.ts'

const TIMEOUT = 20_000

/** A driver over an empty medium of its own. */
export interface SuiteMedium {
  driver: StorageDriver
  /** A second driver over the same medium, as another process would open it. */
  reopen?(): Promise<StorageDriver>
  /** How many objects, uploads and temporary things there really are, seen past the driver. */
  rawCount?(): Promise<number>
  /** Removes the medium. */
  close(): Promise<void>
}

export interface SuiteOptions {
  /** Cases that the driver cannot pass, by name, and why not. */
  skip?: { name: string; reason: string }[]
}

/** The contract of `driver.ts`, case by case, each with an empty medium; every driver passes it. */
export function storageDriverSuite(
  name: string,
  open: () => Promise<SuiteMedium>,
  options: SuiteOptions = {},
): void {
  const cases = [...objectCases, ...uploadCases, ...concurrencyCases, ...listingCases]
  const skips = options.skip ?? []
  const stale = skips.find((skip) => !cases.some((each) => each.name === skip.name))
  if (stale !== undefined) throw new Error(`there is no case "${stale.name}" to skip`)

  describe(`storage driver ${name}`, () => {
    for (const each of cases) {
      const skip = skips.find((candidate) => candidate.name === each.name)

      test(each.name, { timeout: each.timeout ?? TIMEOUT }, async (context) => {
        if (skip !== undefined) context.skip(skip.reason)
        const medium = await open()
        try {
          await runCase(each, medium)
          await expectNothingLeft(medium)
        } finally {
          await medium.close()
        }
      })
    }
  })
}

/** A driver that cannot be opened twice stands in for the second one itself. */
async function runCase(each: SuiteCase, { driver, reopen }: SuiteMedium): Promise<void> {
  const reopened: StorageDriver[] = []

  await each.run(driver, async () => {
    if (reopen === undefined) return driver
    const other = await reopen()
    reopened.push(other)
    return other
  })

  for (const other of reopened) await other.close()
}

/** Whatever is left once the objects are deleted is a leak. */
async function expectNothingLeft({ driver, rawCount }: SuiteMedium): Promise<void> {
  for (const key of await driver.list('', { limit: 1000 })) await driver.delete(key)

  expect(await driver.list('', { limit: 1 })).toEqual([])
  if (rawCount !== undefined) expect(await rawCount()).toBe(0)
  await driver.close()
}
