import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storageDriverSuite } from '../../driver.suite.ts'
import { guardDriver } from '../../guarded-driver.ts'
import { MIB, readObject, someBytes, sourceOf, store } from '../../suite/bytes.ts'
import { createBucket } from './bucket.ts'
import { createClient } from './client.ts'
import { isWhole, readMark } from './marks.ts'
import { nameOf } from './names.ts'
import { openS3Driver } from './s3-driver.ts'
import { completeMultipart } from './seal.ts'
import type { S3Settings } from './settings.ts'
import { countRaw, type S3Server, startS3Server } from './testing.ts'

const STAYS = 'an object stays under the key it was uploaded to, so that no key is taken'
const free = {
  skip: [
    { name: 'finishes an upload under another key where the first is taken', reason: STAYS },
    { name: 'lets exactly one of many writers finish a key; the others finish under another', reason: STAYS },
  ],
}

for (const name of ['minio', 'versitygw'] as const) {
  describe(name, () => {
    let server: S3Server
    beforeAll(async () => {
      server = await startS3Server(name)
    })
    afterAll(() => server?.stop())

    async function openMedium(distributionLayout: boolean) {
      const settings = { ...(await server.createBucket()), distributionLayout }
      const open = async () => guardDriver(await openS3Driver(settings))

      return {
        driver: await open(),
        reopen: open,
        rawCount: () => countRaw(settings),
        async close() {
          // The bucket goes with its server.
        },
      }
    }

    storageDriverSuite('in a bucket', () => openMedium(false), free)
    storageDriverSuite('in a bucket with the Distribution layout', () => openMedium(true))

    test('many writers who wish one key get a key each', async () => {
      const { driver } = await openMedium(false)
      const bodies = Array.from({ length: 12 }, (_, index) => someBytes(90_000 + index, index + 1))

      const keys = await Promise.all(bodies.map((bytes) => store(driver, 'wished', bytes)))

      expect(new Set(keys).size).toBe(12)
      for (const [index, key] of keys.entries()) {
        expect((await readObject(driver, key)).equals(bodies[index] ?? Buffer.alloc(0))).toBe(true)
      }
    })

    test('whoever reads the head of an upload again does not take away what others wrote behind it', async () => {
      const { driver } = await openMedium(false)
      const [head, tail] = [someBytes(9 * MIB, 1), someBytes(9 * MIB, 2)]
      const begun = await driver.startUpload('late')
      const { state } = await driver.append(begun, 0, sourceOf([head]))
      await driver.append(state, head.length, sourceOf([tail]))

      const stream = await driver.readUpload(state, head.length)
      stream.destroy()
      const key = await driver.finishUpload(state, head.length + tail.length, 'late')

      expect((await readObject(driver, key)).equals(Buffer.concat([head, tail]))).toBe(true)
    })

    test.each([false, true])(
      'an upload that was ended at a greater length by who then died is finished at its own (%s)',
      async (layout) => {
        const settings = { ...(await server.createBucket()), distributionLayout: layout }
        const driver = guardDriver(await openS3Driver(settings))
        const bucket = createBucket(await createClient(settings), settings)
        const [head, tail] = [someBytes(9 * MIB, 1), someBytes(9 * MIB, 2)]
        const state = await driver.startUpload('ended')
        await driver.append(state, 0, sourceOf([head]))
        await driver.append(state, head.length, sourceOf([tail]))
        const longer = await readMark(bucket, nameOf(state), head.length + tail.length)
        if (!longer || isWhole(longer)) throw new Error('there is no mark of parts')
        await completeMultipart(bucket, longer)

        const key = await driver.finishUpload(state, head.length, 'ended')

        expect((await readObject(driver, key)).equals(head)).toBe(true)
        expect(await driver.list('', { limit: 10 })).toEqual([key])
        bucket.close()
      },
    )

    test('a bucket that is not there, or another secret, is refused when it is opened', async () => {
      const settings: S3Settings = await server.createBucket()

      await expect(openS3Driver({ ...settings, bucket: 'another' })).rejects.toThrow('the bucket another')
      await expect(openS3Driver({ ...settings, secretAccessKey: 'wrong' })).rejects.toThrow('cannot open')
    })
  })
}
