import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StorageDriver } from '../../driver.ts'
import { StorageFailureError } from '../../errors.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { cut, MIB, readAll, readObject, someBytes, sourceOf } from '../../suite/bytes.ts'
import { openS3Driver } from './s3-driver.ts'
import { countRaw, type S3Server, startS3Server } from './testing.ts'
import { FAULTS, type FaultProxy, startFaultProxy } from './testing-faults.ts'

const HEAD = someBytes(5 * MIB + 11, 1)
const TAIL = someBytes(MIB, 2)
const WHOLE = Buffer.concat([HEAD, TAIL])

/** Most of the time is spent waiting to try again. */
const AT_ONCE = 8

let server: S3Server
beforeAll(async () => {
  server = await startS3Server('minio')
})
afterAll(() => server?.stop())

interface Faulty {
  driver: StorageDriver
  proxy: FaultProxy
  /** Objects and multipart uploads that are really there. */
  raw(): Promise<number>
  close(): Promise<void>
}

async function openThroughFaults(distributionLayout: boolean, maxAttempts: number): Promise<Faulty> {
  const proxy = await startFaultProxy(server.endpoint)
  const settings = { ...(await server.createBucket()), distributionLayout, maxAttempts, timeoutSeconds: 2 }
  const driver = guardDriver(await openS3Driver({ ...settings, endpoint: proxy.endpoint }))

  return {
    driver,
    proxy,
    raw: () => countRaw(settings),
    async close() {
      await driver.close()
      await proxy.close()
    },
  }
}

type Attempt = <T>(call: () => Promise<T>) => Promise<T>

/** A blob in two requests, a small object, and all there is to read; answers the keys. */
async function work(driver: StorageDriver, attempt: Attempt): Promise<string[]> {
  await attempt(() => putOnce(driver))
  const begun = await attempt(() => driver.startUpload('work'))
  const first = await attempt(() => driver.append(begun, 0, sourceOf(cut(HEAD, 300_000))))
  const second = await attempt(() => driver.append(first.state, HEAD.length, sourceOf([TAIL])))
  const key = await attempt(() => driver.finishUpload(second.state, WHOLE.length, 'work/data'))
  await attempt(() => driver.forgetUpload(second.state))

  expect((await attempt(() => readObject(driver, key))).equals(WHOLE)).toBe(true)
  const range = { start: MIB, end: 5 * MIB + 20 }
  const part = await attempt(async () => readAll(await driver.read(key, range)))
  expect(part.equals(WHOLE.subarray(range.start, range.end + 1))).toBe(true)
  expect(await attempt(() => driver.stat(key))).toEqual({ size: WHOLE.length })
  expect(await attempt(() => driver.list('', { limit: 10 }))).toEqual([key, 'small'].toSorted())

  return [key, 'small']
}

/** Whoever is not told whether it worked finds out by looking. */
async function putOnce(driver: StorageDriver): Promise<void> {
  if (!(await driver.stat('small'))) await driver.put('small', Buffer.from('small'))
}

const once: Attempt = (call) => call()

/** As the callers of the driver do: what failed is asked for again. */
const again: Attempt = async (call) => {
  for (let left = 3; ; left -= 1) {
    try {
      return await call()
    } catch (error) {
      if (left === 0 || !(error instanceof StorageFailureError)) throw error
    }
  }
}

async function requestsOf(layout: boolean): Promise<number> {
  const { driver, proxy, close } = await openThroughFaults(layout, 1)
  proxy.plan(undefined, () => false)
  await work(driver, once)
  await close()

  return proxy.seen
}

/** Calls `meet` with the number of each request of `work`. */
async function forEachRequest(layout: boolean, meet: (number: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: await requestsOf(layout) }, (_, number) => number)
  const runner = async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) await meet(number)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, runner))
}

describe.each([
  { title: 'objects that stay', layout: false },
  { title: 'the Distribution layout', layout: true },
])('$title', ({ layout }) => {
  test.each(FAULTS)('any one request may meet "%s", and nobody notices', { timeout: 120_000 }, (fault) =>
    forEachRequest(layout, async (hit) => {
      const { driver, proxy, raw, close } = await openThroughFaults(layout, 3)
      proxy.plan(fault, (number) => number === hit)
      const keys = await work(driver, once)

      for (const key of keys) await driver.delete(key)
      await driver.staleUploads(new Date(Date.now() + 60_000), 10)
      expect(await raw()).toBe(0)
      await close()
    }),
  )

  test.each(['lost', 'reset'] as const)(
    'where requests meet "%s" again and again, calls fail, and succeed when they are asked for anew',
    { timeout: 120_000 },
    (fault) =>
      forEachRequest(layout, async (from) => {
        const { driver, proxy, close } = await openThroughFaults(layout, 1)
        proxy.plan(fault, (number) => number === from || number === from + 1)
        const keys = await work(driver, again)

        expect(keys).toHaveLength(2)
        await close()
      }),
  )
})
