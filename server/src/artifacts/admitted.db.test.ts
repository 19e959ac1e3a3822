import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../access/model.ts'
import type { Upload } from '../blobs/model.ts'
import { mountBlob, removeBlob } from '../blobs/service.ts'
import { append, body, sha256 } from '../blobs/testing.ts'
import { finishUpload, startUpload, uploadWhole } from '../blobs/uploads.ts'
import { insertLabel } from '../labels/store.ts'
import type { Descriptor } from '../oci/manifest.ts'
import { OCI_IMAGE, OCI_INDEX } from '../oci/media-types.ts'
import { createTestDatabase, type TestDatabase } from '../platform/db/testing.ts'
import { deleteRepository, describeRepository } from '../repositories/service.ts'
import { copyArtifact } from './copy/service.ts'
import { deleteArtifact, deleteTag } from './deletion.ts'
import { addArtifactLabel, removeArtifactLabel } from './labels/service.ts'
import type { ListedArtifact } from './model.ts'
import { getArtifact } from './reading.ts'
import { createTag } from './tags/service.ts'
import { type Bench, openBench } from './testing.ts'

/**
 * Somebody was let in to a repository, waits for its lock, and it is moved to a project in which he may have no
 * rights: nothing of his gets there, and no event says that it did.
 */

const ACTOR = { id: 1, username: 'dev' }
const ADMIN = { kind: 'user', id: 1, username: 'admin', sysadmin: true } as unknown as Principal

let database: TestDatabase
let bench: Bench
let other: Bench
let image: Descriptor
let artifact: ListedArtifact
let offered: Descriptor
let own: number
let session: Upload | undefined
let global: number

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  bench = await openBench(database.db)
  other = await bench.elsewhere()
  image = await bench.image('there', {}, 'v1')
  const { projectId } = bench.repository
  const key = { projectId, project: bench.projectName, name: 'app' }
  artifact = await getArtifact(bench.deps, key, 'v1')
  const label = async (of: number | undefined) =>
    (await insertLabel(database.db, of, { name: `l${Math.random()}`, description: '', color: '' })) ?? 0
  own = await label(projectId)
  global = await label(undefined)
  await addArtifactLabel(database, artifact, global, ACTOR)
  offered = await bench.blob('m', 'offered')
  await other.blob('m', 'to mount')
  await database.db.deleteFrom('events').execute()
})

/** Runs `work` while a transaction has the repository's row, which then moves it. */
async function acrossMove(work: () => Promise<unknown>): Promise<unknown> {
  const blocked = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const moving = database.db.transaction().execute(async (tx) => {
    const { id } = bench.repository
    await tx.selectFrom('repositories').select('id').where('id', '=', id).forUpdate().execute()
    blocked.resolve()
    await go.promise
    await tx
      .updateTable('repositories')
      .set({ project_id: other.repository.projectId, name: 'moved' })
      .where('id', '=', id)
      .execute()
  })
  await blocked.promise

  const working = work().catch((error: unknown) => error)
  await new Promise((resolve) => setTimeout(resolve, 100))
  go.resolve()
  await moving
  return await working
}

/** Everything that the repository holds. */
async function contents(): Promise<unknown> {
  const { db } = database
  const { id } = bench.repository
  const of = (table: 'artifacts' | 'tags' | 'repository_blobs') =>
    db.selectFrom(table).selectAll().where('repository_id', '=', id).execute()
  return {
    artifacts: await of('artifacts'),
    tags: await of('tags'),
    blobs: await of('repository_blobs'),
    labels: await db
      .selectFrom('artifact_labels')
      .selectAll()
      .where('artifact_id', '=', artifact.id)
      .execute(),
    deleted: await db
      .selectFrom('repositories')
      .select(['deletion_time', 'description'])
      .where('id', '=', id)
      .execute(),
    usage: await db
      .selectFrom('project_blobs')
      .selectAll()
      .where('project_id', '=', other.repository.projectId)
      .execute(),
    events: await db.selectFrom('events').select('type').execute(),
  }
}

const place = () => ({ repository: bench.repository, projectName: bench.projectName })
const key = () => ({ projectId: bench.repository.projectId, project: bench.projectName, name: 'app' })

const WORK: Record<string, () => Promise<unknown>> = {
  'a manifest': () => bench.push({ mediaType: OCI_INDEX, manifests: [image] }, 'all'),
  'an image': () => bench.push({ mediaType: OCI_IMAGE, config: offered, layers: [] }, 'more'),
  'a whole blob': () => uploadWhole(bench.uploads, bench.repository, body(['new']), sha256('new')),
  'the end of an upload': async () => {
    await finishUpload(bench.uploads, bench.repository, session as Upload, sha256('sent'))
  },
  'a mount': () => mountBlob(bench.deps, bench.repository, sha256('to mount'), other.repository.id),
  'a blob withdrawn': () => removeBlob(bench.deps, bench.repository, sha256('offered')),
  'a tag': () => createTag(bench.deps, artifact, 'v2', ACTOR),
  'a tag deleted': () => deleteTag(bench.deps, place(), 'v1', ACTOR),
  'an artifact deleted': () => deleteArtifact(bench.deps, place(), image.digest, ACTOR),
  'a label': () => addArtifactLabel(database, artifact, own, ACTOR),
  'a label taken off': () => removeArtifactLabel(database, artifact, global, ACTOR),
  'a description': () => describeRepository(bench.deps, key(), 'mine', ACTOR),
  'the repository deleted': () =>
    deleteRepository(
      {
        ...bench.deps,
        releaseUsage: async () => true,
        refuseDeletion: async () => undefined,
        tellContent: async () => [],
      },
      key(),
      ACTOR,
    ),
  'a copy into it': async () => {
    const from = `${other.projectName}/app:src`
    const to = { project: { id: bench.repository.projectId, name: bench.projectName }, repository: 'app' }
    await copyArtifact(
      { ...bench.deps, projectContext, tellQuotaExceeded: async () => undefined },
      { from, to, principal: ADMIN, actor: ACTOR },
    )
  },
}

async function projectContext(_: Principal, name: string): Promise<never> {
  return { id: other.repository.projectId, name, public: true, roles: [] } as never
}

test.each(Object.keys(WORK))('%s does not follow a repository that moves', async (name) => {
  if (name === 'the end of an upload') {
    const begun = await startUpload(bench.uploads, bench.repository.id, 'sha256')
    session = await append(bench.uploads, begun, body(['sent']))
  }
  if (name === 'a copy into it') {
    await other.image('source', {}, 'src')
    await database.db.deleteFrom('events').execute()
  }
  const before = await contents()

  const outcome = await acrossMove(WORK[name] as () => Promise<unknown>)

  if (outcome instanceof Error) expect(outcome).toMatchObject({ kind: 'not-found' })
  else expect(outcome).toBe(false)
  expect(await contents()).toEqual(before)
})
