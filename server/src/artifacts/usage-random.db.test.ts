import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { mountBlob, removeBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { DomainError } from '../platform/errors.ts'
import { changeLimit } from '../quotas/service.ts'
import { lockRepository, markRepositoryDeleted } from '../repositories/deletion-store.ts'
import type { Repository } from '../repositories/model.ts'
import { ReferencesUnknownError } from './errors.ts'
import { recountProject } from './recount.ts'
import { createPendingRelease, moveUsage, releaseRepository } from './release.ts'
import { createSweeper } from './sweep.ts'
import { imageOf, seedRepositories, usageWorld } from './testing-usage.ts'

/** Everything that changes what projects use, at random and at once, against what is true afterwards. */

const { db, drop } = await createTestDatabase()
const { deps, upload, push, remove, usage } = await usageWorld(db)
const sweeper = createSweeper({ db, reclaim: async () => true, onError: (error) => errors.push(error) })
const errors: unknown[] = []
const ROOT = { id: 1, username: 'root' }
const LIMIT = 3_000

afterAll(drop)

const TEXTS = Array.from({ length: 6 }, (_, at) => String(at).repeat(100 + 90 * at))

// Few images that share layers, so that what one step makes is what another takes away.
const someTexts = fc
  .constantFrom([0, 1], [0, 2], [1, 0, 3], [4], [0, 5])
  .map((layers) => layers.map((at) => TEXTS[at] ?? ''))
const place = fc.nat(3)
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), at: place, texts: someTexts }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), at: place, texts: someTexts }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('upload' as const), at: place, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mount' as const), at: place, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), at: place, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('limit' as const), at: place, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), at: place, texts: someTexts }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), at: place, texts: someTexts }) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

interface Stage {
  /** The first two in a project with a limit that stays, the others in one whose limit comes and goes. */
  repositories: Repository[]
  limited: number
  free: number
}

async function setUp(): Promise<Stage> {
  const [limited, free] = [await seedRepositories(db, 2), await seedRepositories(db, 2)]
  const stage = {
    repositories: [...limited, ...free],
    limited: limited[0]?.projectId ?? 0,
    free: free[0]?.projectId ?? 0,
  }
  await changeLimit({ db }, stage.limited, { storage: LIMIT }, ROOT)

  return stage
}

async function act(stage: Stage, step: Action): Promise<void> {
  const repository = stage.repositories[step.at] as Repository
  const source = stage.repositories[(step.at + 1) % 4] as Repository
  switch (step.do) {
    case 'push':
      for (const text of step.texts) await upload(repository, text)
      await push(repository, step.texts)
      return
    case 'remove':
      await remove(repository, sha256(imageOf(step.texts)))
      return
    case 'upload':
      for (const text of step.texts) await upload(repository, text)
      return
    case 'mount':
      for (const text of step.texts) await mountBlob(deps, repository, sha256(text), source.id)
      return
    case 'withdraw':
      for (const text of step.texts) await removeBlob(deps, repository, sha256(text))
      return
    case 'limit':
      await changeLimit({ db }, stage.free, { storage: step.texts.length > 2 ? -1 : 2_000 }, ROOT)
      return
    case 'delete':
      await deleteAndRemake(stage, step.at, repository)
      return
    case 'move':
      await move(stage, step.at, repository)
  }
}

async function deleteAndRemake(stage: Stage, at: number, repository: Repository): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (!(await lockRepository(tx, repository))) return
    await markRepositoryDeleted(tx, repository.id)
    await releaseRepository(tx, repository.id)
  })
  sweeper.kick()
  const projectId = at < 2 ? stage.limited : stage.free
  const name = `app-${Math.random()}`
  const { id } = await db
    .insertInto('repositories')
    .values({ project_id: projectId, name })
    .returning('id')
    .executeTakeFirstOrThrow()
  stage.repositories[at] = { id, projectId, name, published: false }
}

async function move(stage: Stage, at: number, repository: Repository): Promise<void> {
  const moved = await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('repositories')
      .select('project_id')
      .where('id', '=', repository.id)
      .where('deletion_time', 'is', null)
      .forUpdate()
      .executeTakeFirst()
    if (!row) return
    const from = row.project_id
    const to = from === stage.free ? stage.limited : stage.free
    await moveUsage(tx, deps.quotas, repository.id, { from, to })
    const name = `moved-${Math.random()}`
    await tx
      .updateTable('repositories')
      .set({ project_id: to, name })
      .where('id', '=', repository.id)
      .execute()
    return { ...repository, projectId: to, name }
  })
  // Whoever was let in before, and waited, is refused.
  if (moved && stage.repositories[at]?.id === repository.id) stage.repositories[at] = moved
}

/** Refusals that are answers; everything else, deadlocks first of all, is a failure. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof ReferencesUnknownError ||
    (error instanceof DomainError && (error.kind === 'denied' || error.kind === 'not-found'))
  )
}

async function workThrough(stage: Stage, steps: readonly Action[], workers: number): Promise<void> {
  const queue = [...steps]
  const work = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      await act(stage, step).catch((error: unknown) => {
        if (!isRefusal(error)) throw error
      })
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

/** Blobs that live repositories of the project reference, and blobs that count, with their bytes. */
async function truth(projectId: number): Promise<{ referenced: number[]; counted: number[]; bytes: number }> {
  const referenced = await sql<{ blob_id: number }>`
    SELECT DISTINCT ab.blob_id FROM repositories r JOIN artifacts a ON a.repository_id = r.id
    JOIN artifact_blobs ab ON ab.artifact_id = a.id
    WHERE r.project_id = ${projectId} AND r.deletion_time IS NULL ORDER BY ab.blob_id`.execute(db)
  const counted = await sql<{ blob_id: number; bytes: number; size: number }>`
    SELECT p.blob_id, p.bytes, b.size FROM project_blobs p JOIN blobs b ON b.id = p.blob_id
    WHERE p.project_id = ${projectId} ORDER BY p.blob_id`.execute(db)
  for (const row of counted.rows) expect(row.bytes).toBe(row.size)

  return {
    referenced: referenced.rows.map((row) => row.blob_id),
    counted: counted.rows.map((row) => row.blob_id),
    bytes: counted.rows.reduce((sum, row) => sum + row.bytes, 0),
  }
}

async function checkUsage(stage: Stage): Promise<void> {
  for (const projectId of [stage.limited, stage.free]) {
    const { referenced, counted, bytes } = await truth(projectId)
    expect(await usage(projectId)).toBe(bytes)
    expect(counted).toEqual(expect.arrayContaining(referenced))
    expect(await recountProject(db, projectId)).toEqual({ missing: 0, mistake: 0 })
  }
}

test('whatever happens in whichever order, usage is what a recount finds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (steps) => {
      const stage = await setUp()

      for (const step of steps) {
        await workThrough(stage, [step], 1)
        await checkUsage(stage)
      }
      expect(await usage(stage.limited)).toBeLessThanOrEqual(LIMIT)
    }),
    { numRuns: 12, endOnFailure: true },
  )
}, 60_000)

// Pushes that make the same tag at once still meet in a circle now and then (the name is locked only where the tag is
// there already), and `transact` runs them again: `PORTOLAN_TEST_DATABASE_LOG` shows them. So are uploads, mounts and withdrawals, that may wait for such a push.
// Limits and moves are not run again: a circle there fails this.
test('at once, it never passes the limit, is never negative, and no caller hears of a circle', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 120, maxLength: 160 }), async (steps) => {
      const stage = await setUp()
      const seen: number[] = []
      let done = false
      const watch = async () => {
        while (!done) seen.push(await usage(stage.limited), await usage(stage.free))
      }

      const watching = watch()
      await workThrough(stage, steps, 8).finally(() => {
        done = true
      })
      await watching
      await sweeper.sweep()

      expect(Math.min(...seen)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...seen.filter((_, at) => at % 2 === 0))).toBeLessThanOrEqual(LIMIT)
      await checkUsage(stage)
      await createPendingRelease(db, 0)()
      for (const projectId of [stage.limited, stage.free]) {
        const { referenced, counted } = await truth(projectId)
        expect(counted).toEqual(referenced)
      }
    }),
    { numRuns: 6, endOnFailure: true },
  )

  expect(errors).toEqual([])
}, 120_000)
