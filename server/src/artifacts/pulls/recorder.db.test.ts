import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { seedRepository } from '../../blobs/testing.ts'
import { createTestDatabase, type TestDatabase } from '../../platform/db/testing.ts'
import type { Pull, PullSettings } from './model.ts'
import { createPullRecorder, type PullRecorder } from './recorder.ts'

let database: TestDatabase
let place: { projectId: number; repositoryId: number }
let image: number
let index: number
let told: Pull[]
let settings: PullSettings
let failures: number

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  const { db } = database
  const { id: repositoryId, projectId } = await seedRepository(db)
  place = { repositoryId, projectId }
  const artifact = { repository_id: place.repositoryId, media_type: 'x', manifest_size: 1, size: 1 }
  const add = async (digest: string) =>
    (
      await db
        .insertInto('artifacts')
        .values({ ...artifact, digest })
        .returning('id')
        .executeTakeFirstOrThrow()
    ).id
  image = await add('sha256:aa')
  index = await add('sha256:bb')
  await db
    .insertInto('artifact_children')
    .values({ artifact_id: index, position: 0, child_digest: 'sha256:aa' })
    .execute()
  await db
    .insertInto('tags')
    .values({ repository_id: place.repositoryId, artifact_id: image, name: 'v1' })
    .execute()
  told = []
  settings = { times: true, counts: true }
  failures = 0
})

function recorder(seconds = 1): PullRecorder {
  return createPullRecorder({
    db: database.db,
    log: pino({ level: 'silent' }),
    settings: () => settings,
    async onPulled(_tx, pulls) {
      if (failures-- > 0) throw new Error('not now')
      told.push(...pulls)
    },
    seconds,
  })
}

function pull(second: number, tag?: string): Pull {
  return {
    ...place,
    projectName: 'team',
    repository: 'app',
    artifactId: image,
    digest: 'sha256:aa',
    ...(tag === undefined ? {} : { tag }),
    actor: undefined,
    address: '192.0.2.1',
    time: new Date(Date.UTC(2030, 0, 1, 0, 0, second)),
  }
}

async function state() {
  const { db } = database
  const repository = await db
    .selectFrom('repositories')
    .select('pull_count')
    .where('id', '=', place.repositoryId)
    .executeTakeFirstOrThrow()
  const times = await db
    .selectFrom('artifacts')
    .select(['digest', 'pull_time'])
    .where('repository_id', '=', place.repositoryId)
    .orderBy('digest')
    .execute()
  const tag = await db
    .selectFrom('tags')
    .select('pull_time')
    .where('repository_id', '=', place.repositoryId)
    .executeTakeFirstOrThrow()
  return {
    count: repository.pull_count,
    artifacts: times.map(({ pull_time: time }) => time?.getUTCSeconds()),
    tag: tag.pull_time?.getUTCSeconds(),
  }
}

test('pulls are summed up: the repository counts them, artifact, its index and the tag keep the last time', async () => {
  const pulls = recorder()

  for (let second = 1; second <= 20; second += 1) {
    await pulls.record(pull(second, second <= 10 ? 'v1' : undefined))
  }
  const before = await state()
  await pulls.stop()

  expect(before.count).toBe(0)
  expect(await state()).toEqual({ count: 20, artifacts: [20, 20], tag: 10 })
  expect(told).toHaveLength(20)
})

test('written at once, a pull is down before it is answered', async () => {
  const pulls = recorder(0)

  await Promise.all(Array.from({ length: 30 }, (_, second) => pulls.record(pull(second, 'v1'))))

  expect(await state()).toEqual({ count: 30, artifacts: [29, 29], tag: 29 })
})

test('what could not be written is written later, once', async () => {
  const pulls = recorder(0)
  failures = 1

  await pulls.record(pull(1, 'v1'))
  const failed = await state()
  await pulls.record(pull(2))
  await pulls.stop()

  expect(failed).toEqual({ count: 0, artifacts: [undefined, undefined], tag: undefined })
  expect(await state()).toEqual({ count: 2, artifacts: [2, 2], tag: 1 })
  expect(told).toHaveLength(2)
})

test('a row that a push holds is not waited for, and gets its time later', async () => {
  const pulls = recorder(0)
  const held = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const push = database.db.transaction().execute(async (tx) => {
    await tx.selectFrom('artifacts').select('id').where('id', '=', image).forUpdate().execute()
    held.resolve()
    await release.promise
  })
  await held.promise

  await pulls.record(pull(5, 'v1'))
  const meanwhile = await state()
  release.resolve()
  await push
  await pulls.stop()

  expect(meanwhile).toEqual({ count: 1, artifacts: [undefined, 5], tag: 5 })
  expect(await state()).toEqual({ count: 1, artifacts: [5, 5], tag: 5 })
})

test('times never go back, and what is turned off stays as it is', async () => {
  const pulls = recorder(0)

  await pulls.record(pull(9))
  await pulls.record(pull(3))
  settings = { times: false, counts: false }
  await pulls.record(pull(30))

  expect(await state()).toEqual({ count: 2, artifacts: [9, 9], tag: undefined })
})
