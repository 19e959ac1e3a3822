import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { commitBlob } from '../blobs/commit.ts'
import { findBlob, mountBlob } from '../blobs/service.ts'
import { renewOffer } from '../blobs/store.ts'
import { append, body, sha256 } from '../blobs/testing.ts'
import { finishUpload, startUpload } from '../blobs/uploads.ts'
import { OCI_IMAGE } from '../oci/media-types.ts'
import type { Database } from '../platform/db/database.ts'
import { deleteDoomed, deleteObjects, markIdle } from './collect.ts'
import { fail, useCollector } from './testing-collector.ts'

/** Meetings with the collector in which the other one was first, and those that go on for longer; see `collect.db.test.ts`. */

const gc = useCollector()
const { wait, idle, collectorWaits, holding, content, upload } = gc

async function idOf(text: string): Promise<number> {
  const row = await gc.db
    .selectFrom('blobs')
    .select('id')
    .where('digest', '=', sha256(text))
    .executeTakeFirstOrThrow()
  return row.id
}

/** Until somebody waits for a lock of another one's. */
async function untilSomebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const result = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(gc.db)
    waiting = result.rows[0]?.count ?? 0
  }
}

test.each([
  [
    'an upload of the same digest',
    (tx: Database) => {
      const { repository, deps: blobs } = gc.bench
      return commitBlob(tx, blobs, { digest: sha256('met'), size: 3, repository }, async () => {
        throw new Error('its bytes are there')
      })
    },
  ],
  ['an offer', async (tx: Database) => renewOffer(tx, await idOf('met'))],
])('%s that comes first keeps the blob, and the collector does not wait for it', async (_, work) => {
  await upload('met')
  await wait(2)
  const ids = await idle()
  const finish = await holding(work)

  const meanwhile = await markIdle(gc.deps, ids)
  await finish()
  const afterwards = await markIdle(gc.deps, ids)

  expect(meanwhile.objects.map(({ digest }) => digest)).not.toContain(sha256('met'))
  expect(afterwards.objects).toEqual([])
  expect(await content('met')).toBe('met')
})

test('a blob that was mounted since it was looked at stays', async () => {
  const target = await gc.bench.elsewhere()
  await upload('mounted first')
  await wait(2)
  const ids = await idle()

  const mounted = await mountBlob(
    gc.bench.deps,
    target.repository,
    sha256('mounted first'),
    gc.bench.repository.id,
  )
  const { objects } = await markIdle(gc.deps, ids)

  expect(mounted).toBeDefined()
  expect(objects.map(({ digest }) => digest)).not.toContain(sha256('mounted first'))
})

test('an upload in chunks that ends while the collector has its digest stores its own bytes', async () => {
  await upload('chunks')
  await wait(2)
  const begun = await startUpload(gc.bench.uploads, gc.bench.repository.id, 'sha256')
  const session = await append(gc.bench.uploads, begun, body(['chu', 'nks']))
  const finishCollector = await collectorWaits()

  const ending = finishUpload(gc.bench.uploads, gc.bench.repository, session, sha256('chunks'))
  await untilSomebodyWaits()
  await finishCollector()
  await ending

  expect(await content('chunks')).toBe('chunks')
})

test('a manifest that is pushed again while the collector has it is whole', async () => {
  const config = await gc.bench.blob('m', 'config of both')
  const manifest = { mediaType: OCI_IMAGE, config, layers: [] }
  await gc.bench.push({ ...manifest, annotations: { keeps: 'the config' } }, 'other')
  const pushed = await gc.bench.push(manifest, 'v1')
  await deleteArtifact({ ...gc.bench.deps, trashDays: 0 }, gc.bench, pushed.digest, undefined)
  await wait(2)
  const finishCollector = await collectorWaits()

  const pushing = gc.bench.push(manifest, 'v1')
  await untilSomebodyWaits()
  await finishCollector()
  await pushing

  const { projectId, name: repository } = gc.bench.repository
  const blob = await findBlob(gc.bench.deps, { projectId, repository, digest: pushed.digest })
  expect(blob?.key).toMatch(/data\.2$/)
  expect(await gc.bench.deps.storage.stat(blob?.key ?? '')).toEqual({ size: pushed.size })
  const row = await gc.db
    .selectFrom('manifests')
    .select('digest')
    .where('digest', '=', pushed.digest)
    .executeTakeFirst()
  expect(row).toBeDefined()
  expect(await idle()).toEqual([])
})

test('what is in the trash, or comes out of it, is nothing that a collector takes who has looked before', async () => {
  const image = await gc.bench.image('trashed', {}, 'v1')
  // Of a moment at which nothing kept it.
  const ids = [await idOf('trashed'), await idOf('{"os":"trashed"}')]
  await deleteArtifact({ ...gc.bench.deps, trashDays: 7 }, gc.bench, image.digest, undefined)
  await wait(2)
  const finish = await holding(async (tx) => {
    // As a restoration does: out of the trash, and referenced again, at once or not at all.
    await tx.deleteFrom('trashed_blobs').where('blob_id', 'in', ids).execute()
    await tx.selectFrom('blobs').select('id').where('id', 'in', ids).forKeyShare().execute()
  })

  const whileRestored = await markIdle(gc.deps, ids)
  await finish()

  expect(whileRestored.objects).toEqual([])
})

test('deletions that the store executes hours late, in any order, hit nothing that was uploaded since', async () => {
  const late: (() => Promise<unknown>)[] = []
  for (let generation = 1; generation <= 3; generation += 1) {
    await upload('late')
    await wait(2)
    const { objects } = await markIdle(gc.deps, await idle())
    late.push(() => deleteObjects(gc.deps, objects, 1, fail))
  }
  await upload('late')

  for (const execute of [late[1], late[2], late[0], late[0]]) await execute?.()
  // Another collector finds nothing of it any more.
  const left = await deleteDoomed(gc.deps, 1, fail)

  expect(left).toBe(0)
  expect(await content('late')).toBe('late')
  const { projectId, name: repository } = gc.bench.repository
  expect((await findBlob(gc.bench.deps, { projectId, repository, digest: sha256('late') }))?.key).toMatch(
    /data\.4$/,
  )
})
