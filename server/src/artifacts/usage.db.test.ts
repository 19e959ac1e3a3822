import { afterAll, expect, test } from 'vitest'
import { linkBlobs } from '../blobs/link.ts'
import { mountBlob, removeBlob } from '../blobs/service.ts'
import { append, sha256 } from '../blobs/testing.ts'
import { finishUpload, getUpload, startUpload } from '../blobs/uploads.ts'
import { createTestDatabase } from '../platform/db/testing.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import { changeLimit } from '../quotas/service.ts'
import type { Repository } from '../repositories/model.ts'
import { recountProject } from './recount.ts'
import { createPendingRelease, moveUsage, releaseRepository } from './release.ts'
import { imageOf, seedRepositories, usageWorld } from './testing-usage.ts'

const { db, drop } = await createTestDatabase()
const world = await usageWorld(db)
const { deps, upload, push, remove, usage } = world
const ROOT = { id: 1, username: 'root' }

afterAll(drop)

function size(...texts: string[]): number {
  return imageOf(texts).length + [...new Set(texts)].reduce((sum, text) => sum + text.length, 0)
}

async function limit(repository: Repository, bytes: number): Promise<void> {
  await changeLimit({ db }, repository.projectId, { storage: bytes }, ROOT)
}

async function pushed(repository: Repository, ...texts: string[]): Promise<string> {
  for (const text of texts) await upload(repository, text)
  return push(repository, texts)
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

test('a blob counts once in a project, however many repositories and manifests have it', async () => {
  const [one, two] = (await seedRepositories(db, 2)) as [Repository, Repository]

  await pushed(one, 'config', 'layer')
  await pushed(two, 'config', 'layer')
  await pushed(two, 'config', 'layer', 'more')

  const manifests = imageOf(['config', 'layer']).length + imageOf(['config', 'layer', 'more']).length
  expect(await usage(one.projectId)).toBe(manifests + 'config'.length + 'layer'.length + 'more'.length)
})

test('what a deleted artifact alone referenced is given back at once, and counts again when it is pushed again', async () => {
  const [one, two] = (await seedRepositories(db, 2)) as [Repository, Repository]
  const kept = await pushed(one, 'base', 'kept')
  const gone = await pushed(two, 'base', 'gone')

  await remove(two, gone)
  const after = await usage(one.projectId)
  // The blobs are offered still: nobody uploads them again.
  await push(two, ['base', 'gone'])
  const again = await usage(one.projectId)
  await remove(two, gone)
  await remove(one, kept)

  expect(after).toBe(size('base', 'kept'))
  expect(again).toBe(size('base', 'kept') + imageOf(['base', 'gone']).length + 'gone'.length)
  expect(await usage(one.projectId)).toBe(0)
})

test('a blob that no manifest references counts until it is withdrawn or comes of age', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await upload(one, 'withdrawn')
  await upload(one, 'forgotten')
  await pushed(one, 'referenced')
  const before = await usage(one.projectId)

  await removeBlob(deps, one, sha256('withdrawn'))
  const young = await createPendingRelease(db, 86_400)()
  await db
    .updateTable('project_blobs')
    .set({ creation_time: new Date(Date.now() - 25 * 3_600_000) })
    .where('project_id', '=', one.projectId)
    .execute()
  const old = await createPendingRelease(db, 86_400)()

  expect(before).toBe('withdrawn'.length + 'forgotten'.length + size('referenced'))
  expect([young, old]).toEqual([0, 1])
  expect(await usage(one.projectId)).toBe(size('referenced'))
})

test('a blob that is withdrawn stays counted while a manifest references it or another repository offers it', async () => {
  const [one, two] = (await seedRepositories(db, 2)) as [Repository, Repository]
  await pushed(one, 'referenced')
  await upload(one, 'offered')
  await mountBlob(deps, two, sha256('offered'), one.id)

  await removeBlob(deps, one, sha256('referenced'))
  await removeBlob(deps, one, sha256('offered'))
  const both = await usage(one.projectId)
  await removeBlob(deps, two, sha256('offered'))

  expect(both).toBe(size('referenced') + 'offered'.length)
  expect(await usage(one.projectId)).toBe(size('referenced'))
})

test('mounts and copies count where they go to, once', async () => {
  const [source] = (await seedRepositories(db, 1)) as [Repository]
  const [target, beside] = (await seedRepositories(db, 2)) as [Repository, Repository]
  await upload(source, 'mounted')
  await upload(source, 'copied')

  await mountBlob(deps, target, sha256('mounted'), source.id)
  await mountBlob(deps, beside, sha256('mounted'), source.id)
  const copied = await db.transaction().execute((tx) =>
    linkBlobs(tx, deps, target, {
      repository: source,
      digests: [sha256('copied'), sha256('mounted'), sha256('unknown')],
    }),
  )

  expect(copied.map((blob) => blob.size).sort()).toEqual([6, 7])
  expect(await usage(target.projectId)).toBe('mounted'.length + 'copied'.length)
})

test('a deleted repository gives back what it alone had; what it only offered comes of age', async () => {
  const [one, two] = (await seedRepositories(db, 2)) as [Repository, Repository]
  await pushed(one, 'base', 'kept')
  await pushed(two, 'base', 'gone')
  await upload(two, 'pending')

  const atOnce = await db.transaction().execute(async (tx) => {
    await tx.updateTable('repositories').set({ deletion_time: new Date() }).where('id', '=', two.id).execute()
    return releaseRepository(tx, two.id)
  })

  expect(atOnce).toBe(true)
  expect(await usage(one.projectId)).toBe(size('base', 'kept') + 'pending'.length)
  await expect(upload(two, 'late')).rejects.toThrow('the repository is gone')
})

test('a repository that moves takes along what it has, and leaves what others have', async () => {
  const [stays, moves] = (await seedRepositories(db, 2)) as [Repository, Repository]
  const [target] = (await seedRepositories(db, 1)) as [Repository]
  await pushed(stays, 'base')
  await pushed(moves, 'base', 'moved')
  await upload(moves, 'pending')
  await pushed(target, 'moved')

  const move = () =>
    db.transaction().execute(async (tx) => {
      await tx.selectFrom('repositories').selectAll().where('id', '=', moves.id).forUpdate().execute()
      await moveUsage(tx, deps.quotas, moves.id, { from: stays.projectId, to: target.projectId })
      await tx
        .updateTable('repositories')
        .set({ project_id: target.projectId, name: 'moved' })
        .where('id', '=', moves.id)
        .execute()
    })
  await limit(target, (await usage(target.projectId)) + 5)
  await expect(move()).rejects.toBeInstanceOf(QuotaExceededError)
  await limit(target, -1)
  await move()

  expect(await usage(stays.projectId)).toBe(size('base'))
  expect(await usage(target.projectId)).toBe(
    size('moved') + imageOf(['base', 'moved']).length + 'base'.length + 'pending'.length,
  )
  expect(await recountProject(db, stays.projectId)).toEqual({ missing: 0, mistake: 0 })
  expect(await recountProject(db, target.projectId)).toEqual({ missing: 0, mistake: 0 })
})

test('what exceeds the limit by one byte is refused in words that scripts know, and counts nothing', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await limit(one, 2048)
  await upload(one, 'a'.repeat(1024))

  await expect(upload(one, 'b'.repeat(1025))).rejects.toThrow(
    'adding 1.0 KiB of storage resource, which when updated to current usage of 1.0 KiB will exceed the configured upper limit of 2.0 KiB.',
  )
  expect(await usage(one.projectId)).toBe(1024)
  await upload(one, 'b'.repeat(1024))
  expect(await usage(one.projectId)).toBe(2048)
  // Neither costs anything: the blob counts already.
  await upload(one, 'b'.repeat(1024))
})

test('a manifest that does not fit stores nothing', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await limit(one, 100)
  await upload(one, 'config')
  const objects = (await deps.storage.list('docker', { limit: 1000 })).length

  await expect(push(one, ['config'])).rejects.toBeInstanceOf(QuotaExceededError)

  expect(await usage(one.projectId)).toBe('config'.length)
  expect(await deps.storage.list('docker', { limit: 1000 })).toHaveLength(objects)
  expect(await deps.findReference({ projectId: one.projectId, repository: 'app', tag: 'latest' })).toBe(
    undefined,
  )
})

test('an upload that does not fit at its end can be finished when the limit is raised', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await limit(one, 10)
  const text = 'more than ten'
  const uploaded = await append(deps, await startUpload(deps, one.id, 'sha256'), bytesOf(text))

  await expect(finishUpload(deps, one, uploaded, sha256(text))).rejects.toBeInstanceOf(QuotaExceededError)
  await limit(one, 20)
  await finishUpload(deps, one, await getUpload(deps, one.id, uploaded.id), sha256(text))

  expect(await usage(one.projectId)).toBe(text.length)
})

test('a limit below what is used keeps the project from growing, and deletions make room', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  const large = await pushed(one, 'l'.repeat(1000))
  await limit(one, 500)

  await expect(upload(one, 'x')).rejects.toBeInstanceOf(QuotaExceededError)
  await remove(one, large)
  await upload(one, 'x'.repeat(500))

  expect(await usage(one.projectId)).toBe(500)
  await expect(upload(one, 'y')).rejects.toBeInstanceOf(QuotaExceededError)
})

test('without enforcement limits are passed over, and hold again afterwards', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await limit(one, 10)
  const lenient = { ...deps, quotas: { enforced: () => false } }

  const uploaded = await append(
    lenient,
    await startUpload(lenient, one.id, 'sha256'),
    bytesOf('far more than ten'),
  )
  await finishUpload(lenient, one, uploaded, sha256('far more than ten'))

  expect(await usage(one.projectId)).toBe('far more than ten'.length)
  await expect(upload(one, 'z')).rejects.toBeInstanceOf(QuotaExceededError)
  await limit(one, 18)
  await upload(one, 'z')
  await expect(upload(one, 'w')).rejects.toBeInstanceOf(QuotaExceededError)
})

test('a recount finds what is missing and what is wrong, and repairs both', async () => {
  const [one] = (await seedRepositories(db, 1)) as [Repository]
  await pushed(one, 'config', 'layer')
  await db
    .deleteFrom('project_blobs')
    .where('project_id', '=', one.projectId)
    .where('bytes', '=', 5)
    .execute()

  const found = await recountProject(db, one.projectId)
  const again = await recountProject(db, one.projectId)

  expect(found).toEqual({ missing: 5, mistake: -5 })
  expect(again).toEqual({ missing: 0, mistake: 0 })
  expect(await usage(one.projectId)).toBe(size('config', 'layer'))
})
