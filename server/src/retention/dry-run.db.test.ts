import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bench, openBench } from '../artifacts/testing.ts'
import { sha256 } from '../blobs/testing.ts'
import { createFindImmutable } from '../immutability/find-immutable.ts'
import { createRule } from '../immutability/service.ts'
import type { TaskContext } from '../jobs/kind.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { anyTag, anyTagSelector } from '../selectors/testing.ts'
import { explain } from './explain.ts'
import { type RetentionJobDeps, retention } from './job.ts'
import type { RetentionRule } from './model.ts'
import { insertPolicy } from './store.ts'

const ACTOR = { id: 1, username: 'admin', address: '192.0.2.1' }
const NOW = new Date('2026-01-31T00:00:00Z')
const ALL_REPOSITORIES = { kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }

let database: TestDatabase
let bench: Bench
let deps: RetentionJobDeps

beforeAll(async () => {
  database = await createTestDatabase()
  bench = await openBench(database.db)
  await database.db.updateTable('repositories').set({ publish_time: NOW }).execute()
  deps = { db: database.db, trashDays: 7, findImmutable: createFindImmutable(), now: () => NOW }
})
afterAll(() => database.drop())

const rules = fc.array(
  fc
    .tuple(
      fc.constantFrom('latestPushedK', 'nDaysSinceLastPush', 'always', 'nothing'),
      fc.integer({ min: 1, max: 4 }),
      anyTagSelector,
    )
    .map(
      ([template, number, selector]): RetentionRule => ({
        disabled: false,
        action: 'retain',
        template,
        params: { [template]: number },
        tagSelectors: [selector],
        scopeSelectors: [ALL_REPOSITORIES],
      }),
    ),
  { minLength: 1, maxLength: 3 },
)
const artifacts = fc.array(
  fc.record({ tags: fc.uniqueArray(anyTag, { maxLength: 3 }), days: fc.integer({ min: 0, max: 6 }) }),
  { maxLength: 7 },
)

/** Makes the repository hold just that; a tag is with the first that has it. */
async function fill(all: readonly { tags: readonly string[]; days: number }[]): Promise<void> {
  const { db } = database
  await db.deleteFrom('tags').execute()
  await db.deleteFrom('artifacts').execute()
  const taken = new Set<string>()
  for (const [at, { tags, days }] of all.entries()) {
    const names = tags.filter((name) => !taken.has(name))
    for (const name of names) taken.add(name)
    const time = new Date(NOW.getTime() - days * 86_400_000)
    const { id } = await db
      .insertInto('artifacts')
      .values({
        repository_id: bench.repository.id,
        digest: sha256(String(at)),
        media_type: 'm',
        manifest_size: 1,
        size: 1,
        push_time: time,
        listed: true,
        tagged: names.length > 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const rows = names.map((name) => ({
      repository_id: bench.repository.id,
      name,
      artifact_id: id,
      push_time: time,
    }))
    if (rows.length > 0) await db.insertInto('tags').values(rows).execute()
  }
}

async function run(dryRun: boolean, some: readonly RetentionRule[]): Promise<string[]> {
  const lines: string[] = []
  const { id: repositoryId, projectId } = bench.repository
  const context = {
    task: { input: { policyId: 7, trigger: 'MANUAL', repositoryId, projectId, dryRun, rules: some } },
    signal: new AbortController().signal,
    log: (line: string) => lines.push(line),
    save: async (_state: unknown, _tx?: unknown, more: string[] = []) => void lines.push(...more),
    report: async () => undefined,
  }
  await retention(deps).run(context as unknown as TaskContext)
  return lines
}

async function left(): Promise<string[]> {
  const rows = await database.db.selectFrom('artifacts').select('digest').execute()
  return rows.map(({ digest }) => digest).sort()
}

test('a run deletes what a dry run and the explanation say, and nothing else, whatever rules and tags there are', async () => {
  const { db } = database
  const { id, name, projectId } = bench.repository
  const place = { id, name, projectId, projectName: bench.projectName }
  let deletions = 0
  await fc.assert(
    fc.asyncProperty(rules, artifacts, fc.option(anyTagSelector), async (some, all, immutable) => {
      await fill(all)
      await db.deleteFrom('immutable_rules').execute()
      await db.deleteFrom('retention_policies').execute()
      await insertPolicy(db, { projectId, rules: some })
      if (immutable) {
        const content = { tagSelectors: [immutable], scopeSelectors: { repository: [ALL_REPOSITORIES] } }
        await createRule(
          { db },
          { id: projectId, name: bench.projectName },
          { disabled: false, content },
          ACTOR,
        )
      }
      const before = await left()

      const dry = await run(true, some)
      const afterDryRun = await left()
      const { verdicts } = await explain(deps, place, { offset: 0, limit: 100 })
      await run(false, some)
      const after = await left()

      const told = dry.filter((line) => line.endsWith('would be deleted')).map((line) => line.split(' ')[0])
      const gone = before.filter((digest) => !after.includes(digest))
      const explained = verdicts.filter(({ kept }) => !kept).map(({ artifact }) => artifact.digest)
      expect(afterDryRun).toEqual(before)
      expect(told.sort()).toEqual(gone)
      expect(explained.sort()).toEqual(gone)
      deletions += gone.length
    }),
    { numRuns: 40 },
  )
  expect(deletions).toBeGreaterThan(0)
})
