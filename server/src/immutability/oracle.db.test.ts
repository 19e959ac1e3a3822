import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refuseRepositoryDeletion } from '../artifacts/immutable.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { anyTag, anyTagSelector, meansTag } from '../selectors/testing.ts'
import { createFindImmutable } from './find-immutable.ts'
import { createRule } from './service.ts'

const ACTOR = { id: 1, username: 'admin', address: '192.0.2.1' }

let database: TestDatabase
let bench: Bench
let artifactId: number

beforeAll(async () => {
  database = await createTestDatabase()
  bench = await openBench(database.db)
  await bench.image('named')
  artifactId = (await database.db.selectFrom('artifacts').select('id').executeTakeFirstOrThrow()).id
})
afterAll(() => database.drop())

/** Whether a rule is about the repository, in words and as a pattern. */
const place = fc.constantFrom(
  { pattern: '**', decoration: 'repoMatches', isMeant: true },
  { pattern: 'a*', decoration: 'repoMatches', isMeant: true },
  { pattern: 'other', decoration: 'repoMatches', isMeant: false },
  { pattern: 'app', decoration: 'repoExcludes', isMeant: false },
)

test('tags are immutable, and keep their repository, as the plainest reading of the rules says', async () => {
  const { id: repositoryId, projectId, name } = bench.repository
  const { db } = database
  const findImmutable = createFindImmutable()
  let kept = 0
  const rules = fc.uniqueArray(fc.record({ place, tags: anyTagSelector, disabled: fc.boolean() }), {
    maxLength: 4,
    selector: (rule) => JSON.stringify([rule.place, rule.tags]),
  })
  await fc.assert(
    fc.asyncProperty(rules, fc.uniqueArray(anyTag, { maxLength: 8 }), async (all, tags) => {
      await db.deleteFrom('immutable_rules').execute()
      await db.deleteFrom('tags').execute()
      for (const { place: repository, tags: selector, disabled } of all) {
        const { isMeant: _, ...words } = repository
        const content = {
          tagSelectors: [selector],
          scopeSelectors: { repository: [{ kind: 'doublestar', ...words }] },
        }
        await createRule({ db }, { id: projectId, name: bench.projectName }, { disabled, content }, ACTOR)
      }
      for (const tag of tags) {
        await db
          .insertInto('tags')
          .values({ repository_id: repositoryId, name: tag, artifact_id: artifactId })
          .execute()
      }
      const active = all.filter((rule) => !rule.disabled && rule.place.isMeant)
      const expected = tags.filter((tag) => active.some((rule) => meansTag(rule.tags, tag, [])))

      const isImmutable = await findImmutable(db, projectId)
      const found = tags.filter((tag) => isImmutable?.(name, tag))
      const refused = await refuseRepositoryDeletion(
        db,
        { findImmutable },
        { id: repositoryId, projectId, name },
      ).then(
        () => false,
        () => true,
      )

      expect(found).toEqual(expected)
      expect(refused).toBe(expected.length > 0)
      if (refused) kept += 1
    }),
    { numRuns: 80 },
  )
  expect(kept).toBeGreaterThan(0)
})
