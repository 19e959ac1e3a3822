import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import type { Repository } from '../repositories/model.ts'
import { listArtifacts } from './listing.ts'
import { seedRepositories, usageWorld } from './testing-usage.ts'

const { db, drop } = await createTestDatabase()
const { upload, push } = await usageWorld(db)
const EVERY = { filters: [], tags: [], labels: [], latest: false, children: false, orders: [] }
const WANTED = { tags: true, labels: false, accessories: false, inheritedAccessories: false }
const PAGE = { offset: 0, limit: 10 }

afterAll(drop)

async function pushed(repository: Repository, text: string): Promise<string> {
  await upload(repository, text)
  return await push(repository, [text])
}

test('an artifact tells of its newest thousand tags, the newest first', async () => {
  const [repository] = (await seedRepositories(db, 1)) as [Repository]
  const digest = await pushed(repository, 'one')
  await sql`
    INSERT INTO tags (repository_id, name, artifact_id, push_time)
    SELECT repository_id, 'tag-' || n, id, now() - n * interval '1 second'
    FROM artifacts CROSS JOIN generate_series(1, 1005) n WHERE digest = ${digest}`.execute(db)

  const { artifacts } = await listArtifacts(
    { db },
    { ...EVERY, repositoryIds: [repository.id], page: PAGE },
    WANTED,
  )

  const names = artifacts[0]?.tags.map(({ name }) => name)
  expect(names).toHaveLength(1000)
  expect(names?.slice(0, 2)).toEqual(['latest', 'tag-1'])
})

test('of a page of artifacts so many children are told as one may have, and of a single one all', async () => {
  const [repository] = (await seedRepositories(db, 1)) as [Repository]
  const digests: string[] = []
  for (let index = 0; index < 10; index += 1) digests.push(await pushed(repository, `index ${index}`))
  await sql`
    INSERT INTO artifact_children (artifact_id, position, child_digest)
    SELECT id, n, digest FROM artifacts CROSS JOIN generate_series(0, 2999) n WHERE digest = ANY(${digests})`.execute(
    db,
  )
  const children = async (limit: number) => {
    const request = { ...EVERY, repositoryIds: [repository.id], page: { offset: 0, limit } }
    return (await listArtifacts({ db }, request, WANTED)).artifacts.map((one) => one.children.length)
  }

  expect(await children(1)).toEqual([3000])
  expect(await children(10)).toEqual(Array(10).fill(2000))
})

test('an artifact tells of its oldest thousand accessories', async () => {
  const [repository] = (await seedRepositories(db, 1)) as [Repository]
  const digest = await pushed(repository, 'signed')
  await sql`
    INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, accessory_of, accessory_type)
    SELECT repository_id, 'sha256:' || n, media_type, 1, n, digest, 'signature.cosign'
    FROM artifacts CROSS JOIN generate_series(1, 1005) n WHERE digest = ${digest}`.execute(db)
  const request = { ...EVERY, repositoryIds: [repository.id], page: PAGE }

  const { artifacts } = await listArtifacts({ db }, request, { ...WANTED, accessories: true })

  const sizes = artifacts[0]?.accessories.map(({ size }) => size)
  expect([sizes?.length, sizes?.[0], sizes?.at(-1)]).toEqual([1000, 1, 1000])
})

test('of each repository the newest artifact that matches is listed', async () => {
  const repositories = (await seedRepositories(db, 2)) as [Repository, Repository]
  const digests: string[] = []
  for (const repository of repositories)
    for (const text of ['old', 'new', 'newest'])
      digests.push(await pushed(repository, `${repository.name} ${text}`))
  await sql`UPDATE artifacts SET size = 7 WHERE digest = ANY(${[digests[0], digests[1], digests[4]]})`.execute(
    db,
  )
  const repositoryIds = repositories.map(({ id }) => id)
  const newest = { ...EVERY, latest: true, repositoryIds, page: PAGE }

  const all = await listArtifacts({ db }, newest, WANTED)
  const filters = [{ field: 'size', op: 'exact', value: 7 }] as const
  const some = await listArtifacts({ db }, { ...newest, filters }, WANTED)

  expect(all.total).toBe(2)
  expect(all.artifacts.map(({ digest }) => digest)).toEqual([digests[5], digests[2]])
  expect(some.artifacts.map(({ digest }) => digest)).toEqual([digests[4], digests[1]])
})

test.each([5, 70])(
  'artifacts of %i repositories are one list, in any order and on any page',
  async (count) => {
    const repositories = await seedRepositories(db, count)
    const ids = repositories.map(({ id }) => id)
    // Some sizes and times are equal, and not every artifact was pulled.
    await sql`
    INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, listed, push_time, pull_time)
    SELECT id, 'sha256:' || n, 'm', 1, (id * 7 + n) % 5, n % 6 > 0, now() - (id * n % 11) * interval '1 minute',
      CASE WHEN n % 3 = 0 THEN now() - n * interval '1 hour' END
    FROM unnest(${ids}::bigint[]) AS id CROSS JOIN generate_series(1, 7) n`.execute(db)
    for (const field of ['push_time', 'pull_time', 'size', 'digest', 'repository_id', 'id'] as const)
      for (const descending of [true, false]) {
        const order = sql`${sql.ref(field)} ${sql.raw(descending ? 'DESC' : 'ASC')}, id ${sql.raw(descending ? 'DESC' : 'ASC')}`
        const expected = await sql<{ id: number }>`
        SELECT id FROM artifacts WHERE repository_id = ANY(${ids}) AND listed AND size > 0 ORDER BY ${order}`.execute(
          db,
        )
        const found: number[] = []
        for (let offset = 0; offset <= expected.rows.length; offset += 30) {
          const filters = [{ field: 'size', op: 'range', min: 0, max: undefined, exclusive: true } as const]
          const request = { ...EVERY, filters, repositoryIds: ids, orders: [{ field, descending }] }
          const page = await listArtifacts({ db }, { ...request, page: { offset, limit: 30 } }, WANTED)
          expect(page.total).toBe(expected.rows.length)
          found.push(...page.artifacts.map(({ id }) => id))
        }
        expect(found, `${field} ${descending}`).toEqual(expected.rows.map(({ id }) => id))
      }
  },
)

test('an artifact is found by all of its tags and labels, however many are asked for and however often', async () => {
  const [repository] = (await seedRepositories(db, 1)) as [Repository]
  const digest = await pushed(repository, 'named')
  await pushed(repository, 'other')
  await sql`
    INSERT INTO tags (repository_id, name, artifact_id) SELECT repository_id, 'tag-' || n, id
    FROM artifacts CROSS JOIN generate_series(1, 2000) n WHERE digest = ${digest}`.execute(db)
  const { rows } = await sql<{ id: number }>`
    WITH made AS (INSERT INTO labels (name) SELECT 'label-' || n FROM generate_series(1, 2000) n RETURNING id)
    INSERT INTO artifact_labels (artifact_id, label_id)
    SELECT artifacts.id, made.id FROM artifacts, made WHERE digest = ${digest}
    RETURNING label_id AS id`.execute(db)
  const names = Array.from({ length: 4000 }, (_, at) => `tag-${(at % 2000) + 1}`)
  const ids = rows.map(({ id }) => id)
  const found = async (values: string[], labels: number[], likes: string[] = []) => {
    const all = { field: 'tags', op: 'all', values } as const
    const tags = [all, ...likes.map((value) => ({ field: 'tags', op: 'fuzzy', value }) as const)]
    const request = { ...EVERY, tags, labels, repositoryIds: [repository.id], page: PAGE }
    const { artifacts } = await listArtifacts({ db }, request, { ...WANTED, labels: true })
    expect(artifacts.every((one) => one.labels.length === 1000)).toBe(true)
    return artifacts.map((one) => one.digest)
  }

  expect(await found(names, [...ids, ...ids])).toEqual([digest])
  expect(await found([...names, 'none'], ids)).toEqual([])
  expect(await found(names, [...ids, 1 + Math.max(...ids)])).toEqual([])
  const likes = Array.from({ length: 49 }, (_, at) => `g-${at + 1}`)
  expect(await found(['tag-1'], ids, likes)).toEqual([digest])
  expect(await found(['tag-1'], ids, [...likes, 'g-0'])).toEqual([])
})
