import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countArtifacts } from '../artifacts/listed-store.ts'
import { addManyArtifacts } from '../artifacts/testing-many.ts'
import { repositoryRestore } from '../artifacts/trash/repositories/job.ts'
import type { RestoreInput } from '../artifacts/trash/repositories/model.ts'
import { getTrashedRepository } from '../artifacts/trash/repositories/service.ts'
import { type TaskContext, TaskLostError } from '../jobs/kind.ts'
import { stopExecution } from '../jobs/service.ts'
import { createWorker, type Worker } from '../jobs/worker.ts'
import { deleteProject } from '../projects/service.ts'
import { changeLimit } from '../quotas/service.ts'
import { renameRepository } from '../repositories/names/service.ts'
import { ensureRepository } from '../repositories/service.ts'
import { countRepositories } from '../repositories/store.ts'
import { ACTOR, useTrashedRepositories } from './testing-repositories.ts'

/** Repositories with more artifacts than are counted in one transaction. */

const COUNT = 1_800
const log = pino({ level: 'silent' })

const stage = useTrashedRepositories()
const { project, sweep, used, trash, purge } = stage
let worker: Worker | undefined

beforeEach(async () => {
  await stage.db.deleteFrom('events').execute()
  await addManyArtifacts(stage.db, stage.bench.repository, COUNT)
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
})

async function remove(): Promise<number> {
  await stage.remove()
  return stage.bench.repository.id
}

const restore = (name?: string) => stage.restore(stage.bench.repository.id, name)

function startWorker(): void {
  const { db } = stage
  const kinds = [repositoryRestore(stage.deps)]
  worker = createWorker({
    db,
    storage: stage.deps.storage,
    log,
    kinds,
    schedules: {},
    concurrency: 2,
    deadSeconds: 15,
  })
  worker.start()
}

async function counted(): Promise<number> {
  const { sum } = await stage.db
    .selectFrom('project_blobs')
    .select((eb) => eb.fn.sum<number>('bytes').as('sum'))
    .where('project_id', '=', project().id)
    .executeTakeFirstOrThrow()
  return Number(sum ?? 0)
}

async function isThere(name = 'app'): Promise<boolean> {
  const found = await stage.deps.findReference({ projectId: project().id, repository: name, tag: 'v1' })
  return found !== undefined
}

const look = async () => getTrashedRepository(stage.deps, project().id, stage.bench.repository.id)

async function over() {
  for (let round = 0; round < 500; round += 1) {
    const found = await look().catch(() => undefined)
    if (!found?.repository.restoreExecution) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it goes on and on')
}

/** Does the work of a task by hand, from its last state on, as long as it `isOurs`; `onBatch` is told after each batch. */
async function runByHand(
  executionId: number,
  onBatch: (done: number, abort: AbortController) => Promise<void> | void,
  isOurs: () => boolean = () => true,
) {
  const { db } = stage
  const task = await db
    .selectFrom('tasks')
    .select(['id', 'input', 'state'])
    .where('execution_id', '=', executionId)
    .executeTakeFirstOrThrow()
  const abort = new AbortController()
  const context = {
    task: { input: task.input as unknown as RestoreInput, state: task.state ?? undefined, executionId },
    signal: abort.signal,
    log: () => undefined,
    save: async (state: object, tx = db) => {
      if (!isOurs()) throw new TaskLostError(task.id)
      await tx
        .updateTable('tasks')
        .set({ state: JSON.stringify(state) })
        .where('id', '=', task.id)
        .execute()
    },
    report: async ({ done }: { done: number }) => onBatch(done, abort),
  } as unknown as TaskContext
  await repositoryRestore(stage.deps).run(context)
}

test('its deletion gives back behind the answer, and leaves all rows where they are', async () => {
  const before = await used()
  const id = await remove()
  const atOnce = await used()

  await sweep()
  await sweep()

  expect([before, atOnce, await used(), await counted()]).toEqual([COUNT * 10, COUNT * 10, 0, 0])
  expect((await countArtifacts(stage.db, [id])).get(id)).toBe(COUNT)
  expect(await trash()).toMatchObject([{ id, artifacts: COUNT }])
})

test('it is restored behind the answer: nobody sees it before it counts, and then all of it', async () => {
  await remove()
  await sweep()

  const { executionId } = await restore()
  const waiting = { there: await isThere(), ...(await look()) }
  startWorker()
  await over()

  expect(executionId).toBeGreaterThan(0)
  expect(waiting.there).toBe(false)
  expect(waiting.repository.restoreExecution).toBe(executionId)
  expect(waiting.progress).toMatchObject({ executionId, status: 'Pending', done: 0 })
  expect(await isThere()).toBe(true)
  expect([await used(), await counted()]).toEqual([COUNT * 10, COUNT * 10])
  await expect(look()).rejects.toMatchObject({ kind: 'not-found' })
})

test('while it is being restored its name is taken, and it is neither purged nor restored again', async () => {
  await remove()
  const other = await ensureRepository(stage.deps, project().id, 'other')
  await stage.db
    .updateTable('repositories')
    .set({ publish_time: new Date() })
    .where('id', '=', other.id)
    .execute()
  await restore('fresh')

  const names = {
    ...stage.deps,
    moveUsage: async () => undefined,
    leaveProject: async () => undefined,
  }
  const renamed = renameRepository(
    names,
    { ...project(), repository: 'other' },
    { ...project(), repository: 'fresh' },
    ACTOR,
  )
  await expect(renamed).rejects.toMatchObject({ kind: 'conflict' })
  await expect(ensureRepository(stage.deps, project().id, 'fresh')).rejects.toMatchObject({
    kind: 'forbidden',
  })
  await expect(restore('third')).rejects.toMatchObject({ kind: 'conflict' })
  await expect(purge(stage.bench.repository.id)).rejects.toMatchObject({
    kind: 'conflict',
  })
  // What it was called is free.
  expect((await ensureRepository(stage.deps, project().id, 'app')).id).not.toBe(stage.bench.repository.id)
  startWorker()
  await over()
  expect(await isThere('fresh')).toBe(true)
})

test('a project that is full takes nothing of it, and says so', async () => {
  await remove()
  await sweep()
  await changeLimit(stage, project().id, { storage: COUNT * 10 - 1 }, ACTOR)

  await restore('fresh')
  startWorker()
  const refused = await over()
  await sweep()

  expect(refused?.repository).toMatchObject({ name: 'app', restoreExecution: undefined })
  const told = await look()
  expect(told.progress).toMatchObject({ status: 'Error', total: COUNT })
  expect(told.progress?.message).toContain('will exceed the configured upper limit')
  expect([await used(), await counted()]).toEqual([0, 0])
  expect([await isThere(), await isThere('fresh')]).toEqual([false, false])

  await changeLimit(stage, project().id, { storage: COUNT * 10 }, ACTOR)
  await restore()
  for (let round = 0; round < 200 && !(await isThere()); round += 1) await over()
  expect(await used()).toBe(COUNT * 10)
})

test('one that is stopped before it begins stays in the trash', async () => {
  await remove()
  await sweep()
  const { executionId = 0 } = await restore('fresh')

  await stopExecution(stage.deps, executionId)
  await sweep()

  expect((await look()).repository).toMatchObject({ name: 'app', restoreExecution: undefined })
  expect(await used()).toBe(0)
})

test('one that is stopped on its way gives back what it has counted', async () => {
  await remove()
  await sweep()
  const { executionId = 0 } = await restore()

  const run = runByHand(executionId, (_done, abort) => abort.abort('stop'))
  await expect(run).rejects.toBe('stop')
  const between = await used()
  await sweep()

  expect(between).toBeGreaterThan(0)
  expect((await look()).repository.restoreExecution).toBeUndefined()
  expect([await used(), await counted()]).toEqual([0, 0])
})

test('one whose worker dies after any batch goes on where it was, and counts nothing twice', async () => {
  await remove()
  await sweep()
  const { executionId = 0 } = await restore()

  for (let at = 1; at <= 4; at += 1) {
    const run = runByHand(executionId, (_done, abort) => abort.abort('shutdown'))
    await expect(run).rejects.toBe('shutdown')
    expect(await isThere()).toBe(false)
    expect((await look()).repository.restoreExecution).toBe(executionId)
    expect(await used()).toBe(Math.min(at * 500, COUNT) * 10)
  }
  await runByHand(executionId, () => undefined)
  // The process dies before the end is written: it is run once more.
  await runByHand(executionId, () => undefined)

  expect(await isThere()).toBe(true)
  expect([await used(), await counted()]).toEqual([COUNT * 10, COUNT * 10])
  const told = await stage.db
    .selectFrom('events')
    .select('id')
    .where('type', '=', 'repository.restored')
    .execute()
  expect(told).toHaveLength(1)
})

test('a worker that was taken for dead leaves it to the one that goes on', async () => {
  await remove()
  await sweep()
  const { executionId = 0 } = await restore()
  let isOurs = true

  const run = runByHand(
    executionId,
    () => {
      isOurs = false
    },
    () => isOurs,
  )
  await expect(run).rejects.toBeInstanceOf(TaskLostError)
  const between = await look()
  await runByHand(executionId, () => undefined)

  expect(between.repository.restoreExecution).toBe(executionId)
  expect(await isThere()).toBe(true)
  expect([await used(), await counted()]).toEqual([COUNT * 10, COUNT * 10])
})

test('what counts already is not given back meanwhile by whoever deletes what shares it', async () => {
  await remove()
  await sweep()
  const { executionId = 0 } = await restore()
  const twin = await stage.db
    .insertInto('repositories')
    .values({ project_id: project().id, name: 'twin', publish_time: new Date() })
    .returning('id')
    .executeTakeFirstOrThrow()
  await stage.db.executeQuery(
    stage.db
      .insertInto('artifacts')
      .columns(['repository_id', 'digest', 'media_type', 'manifest_size', 'size'])
      .expression((eb) =>
        eb
          .selectFrom('artifacts as a')
          .select((s) => [s.val(twin.id).as('r'), 'a.digest', 'a.media_type', 'a.manifest_size', 'a.size'])
          .where('a.repository_id', '=', stage.bench.repository.id),
      )
      .compile(),
  )
  await stage.db
    .insertInto('artifact_blobs')
    .columns(['artifact_id', 'blob_id', 'repository_id'])
    .expression((eb) =>
      eb
        .selectFrom('artifacts as a')
        .innerJoin('blobs as b', 'b.digest', 'a.digest')
        .select((s) => ['a.id', 'b.id as blob', s.val(twin.id).as('r')])
        .where('a.repository_id', '=', twin.id),
    )
    .execute()

  let once = true
  await runByHand(executionId, async () => {
    if (!once) return
    once = false
    await stage.db.transaction().execute(async (tx) => {
      await tx
        .updateTable('repositories')
        .set({ deletion_time: new Date(), release_cursor: '', expiry_time: new Date(Date.now() + 1e8) })
        .where('id', '=', twin.id)
        .execute()
    })
    await sweep()
  })

  expect(await isThere()).toBe(true)
  expect([await used(), await counted()]).toEqual([COUNT * 10, COUNT * 10])
})

test('a project that is deleted meanwhile takes it along', async () => {
  const id = await remove()
  await sweep()
  const { executionId = 0 } = await restore()
  const projects = { db: stage.db, countRepositories } as unknown as Parameters<typeof deleteProject>[0]

  let once = true
  const run = runByHand(executionId, async () => {
    if (once) await deleteProject(projects, project().id, ACTOR)
    once = false
  })
  await expect(run).rejects.toMatchObject({ kind: 'not-found' })
  await sweep()

  const left = await stage.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute()
  expect(left).toEqual([])
  expect(await counted()).toBe(0)
})

test('it is purged behind the answer', async () => {
  const reclaimed: number[] = []
  stage.deps.reclaim = async (ids) => {
    reclaimed.push(...ids)
    return true
  }
  const id = await remove()

  const done = await purge(id)
  await sweep()

  expect(done).toBe(false)
  expect(new Set(reclaimed).size).toBe(COUNT)
  expect(
    await stage.db.selectFrom('artifacts').select('id').where('repository_id', '=', id).execute(),
  ).toEqual([])
  expect(await used()).toBe(0)
})
