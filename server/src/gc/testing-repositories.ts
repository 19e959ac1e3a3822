import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { refuseRepositoryDeletion } from '../artifacts/immutable.ts'
import { selectNewest } from '../artifacts/listed-store.ts'
import { releaseRepository } from '../artifacts/release.ts'
import { createSweeper } from '../artifacts/sweep.ts'
import { type Bench, openBench } from '../artifacts/testing.ts'
import {
  listTrashedRepositories,
  purgeRepository,
  type RepositoryTrashDeps,
  restoreRepository,
} from '../artifacts/trash/repositories/service.ts'
import type { TrashDeps } from '../artifacts/trash/service.ts'
import { findBlob, readBlob } from '../blobs/service.ts'
import { sha256 } from '../blobs/testing.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { deleteRepository } from '../repositories/service.ts'
import { reclaimNow } from './collect.ts'
import { scanIdle } from './store.ts'

export const ACTOR = { id: 1, username: 'ann' }
export const PAGE = { offset: 0, limit: 10 }

/**
 * For tests: a repository to delete, in a database of the test file's own, and what is done with it from then on. `bench` and
 * `deps` are new for each test.
 */
export function useTrashedRepositories() {
  let database: TestDatabase
  let bench: Bench
  let deps: TrashDeps & RepositoryTrashDeps

  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    bench = await openBench(database.db)
    Object.assign(bench.deps, { trashDays: 7, graceSeconds: 0, sparseImages: false })
    deps = {
      ...bench.deps,
      onDeleted: () => undefined,
      reclaim: (ids) =>
        reclaimNow(bench.deps, ids, (_object, error) => {
          throw error
        }),
    }
  })

  const project = () => ({ id: bench.repository.projectId, name: bench.projectName })

  function remove(name = 'app', trashDays = 7): Promise<void> {
    const deletion = {
      ...deps,
      trashDays,
      releaseUsage: releaseRepository,
      refuseDeletion: (tx: typeof database.db, repository: Parameters<typeof refuseRepositoryDeletion>[2]) =>
        refuseRepositoryDeletion(tx, deps, repository),
      tellContent: selectNewest,
    }
    return deleteRepository(deletion, { projectId: project().id, project: project().name, name }, ACTOR)
  }

  const trash = async () => (await listTrashedRepositories(deps, project().id, PAGE)).repositories
  const restore = (id: number, name?: string) =>
    restoreRepository(deps, { project: project(), id, name, actor: ACTOR })
  const purge = (id: number) => purgeRepository(deps, project(), id, ACTOR)

  async function onlyOne() {
    const [repository, ...others] = await trash()
    expect(others).toEqual([])
    if (!repository) throw new Error('the trash is empty')
    return repository
  }

  function find(tag: string, repository = 'app') {
    return deps.findReference({ projectId: project().id, repository, tag })
  }

  async function content(text: string, repository = 'app'): Promise<string | undefined> {
    const blob = await findBlob(bench.deps, { projectId: project().id, repository, digest: sha256(text) })
    if (!blob) return undefined
    const chunks: Buffer[] = []
    for await (const chunk of await readBlob(bench.deps, blob)) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }

  const idle = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return (await scanIdle(deps.db, deps.store, { after: 0, limit: 10_000, graceSeconds: 0 })).idle
  }
  const collect = async () => reclaimNow(bench.deps, await idle(), () => undefined)

  function sweep(): Promise<void> {
    return createSweeper({
      ...deps,
      onError: (error) => {
        throw error
      },
    }).sweep()
  }

  async function used(): Promise<number> {
    const { sum } = await database.db
      .selectFrom('quota_usage')
      .select((eb) => eb.fn.sum<number>('bytes').as('sum'))
      .where('project_id', '=', project().id)
      .executeTakeFirstOrThrow()
    return Number(sum ?? 0)
  }

  /** All that is known of a repository, but for the ids of events. */
  async function portrait(id: number) {
    const { rows } = await sql<{ portrait: unknown }>`
      SELECT jsonb_build_object(
        'repository', (SELECT to_jsonb(r) FROM repositories r WHERE id = ${id}),
        'artifacts', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM artifacts a WHERE repository_id = ${id}),
        'tags', (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.id) FROM tags t WHERE repository_id = ${id}),
        'labels', (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.artifact_id) FROM artifact_labels l
          JOIN artifacts a ON a.id = l.artifact_id WHERE a.repository_id = ${id}),
        'blobs', (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.blob_id) FROM repository_blobs b WHERE repository_id = ${id}),
        'aliases', (SELECT jsonb_agg(to_jsonb(n) ORDER BY n.name) FROM repository_aliases n WHERE repository_id = ${id}),
        'trash', (SELECT jsonb_agg(to_jsonb(x) ORDER BY x.id) FROM trashed_artifacts x WHERE repository_id = ${id})
      ) AS portrait`.execute(database.db)
    return rows[0]?.portrait
  }

  const expire = () =>
    database.db
      .updateTable('repositories')
      .set({ expiry_time: new Date(0) })
      .where('expiry_time', 'is not', null)
      .execute()

  /** What the project's repositories are called. */
  async function names(): Promise<string[]> {
    const rows = await database.db
      .selectFrom('repositories')
      .select('name')
      .where('project_id', '=', project().id)
      .where('deletion_time', 'is', null)
      .execute()
    return rows.map(({ name }) => name)
  }

  return {
    get db() {
      return database.db
    },
    get bench() {
      return bench
    },
    set bench(other: Bench) {
      bench = other
    },
    get deps() {
      return deps
    },
    project,
    remove,
    trash,
    restore,
    purge,
    onlyOne,
    find,
    content,
    idle,
    collect,
    sweep,
    used,
    portrait,
    names,
    expire,
  }
}
