import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { createSweeper } from './sweep.ts'
import { openBench } from './testing.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

test('a round sweeps every deleted repository, however many were deleted within the hour', async () => {
  const { db } = database
  for (const text of ['one', 'two', 'three', 'four', 'five']) {
    const bench = await openBench(db)
    await bench.image(text, {}, 'v1')
  }
  await db.updateTable('repositories').set({ deletion_time: new Date() }).execute()

  const errors: unknown[] = []
  const sweeper = createSweeper({
    db,
    reclaim: async () => true,
    onError: (error) => errors.push(error),
    limit: 2,
  })
  await sweeper.sweep()

  expect(await db.selectFrom('artifacts').select('id').execute()).toEqual([])
  expect(await db.selectFrom('repository_blobs').select('blob_id').execute()).toEqual([])
  expect(errors).toEqual([])
})
