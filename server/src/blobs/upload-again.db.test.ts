import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../platform/db/testing.ts'
import { append, blobDeps, body, seedRepository, sha256 } from './testing.ts'
import { finishWithChunk, getUpload, openUpload, startUpload, type UploadsDeps } from './uploads.ts'

const { db, drop } = await createTestDatabase()
afterAll(drop)

/** The same request as it comes again from a proxy, or from a client that was told of a fault of the server's. */
async function put(deps: UploadsDeps, id: string, repository: Awaited<ReturnType<typeof seedRepository>>) {
  const { projectId, name } = repository
  const opened = await openUpload(deps, { projectId, repository: name }, id)
  if (!opened) throw new Error('there is no upload')
  await finishWithChunk(deps, repository, opened.upload, body(['the last ', 'bytes']), digest(id))
}

const firsts = new Map<string, string>()
const digest = (id: string) => sha256(`${firsts.get(id)}the last bytes`)

test.each([
  ['the first bytes', ''],
  ['the last chunk', 'what came before, '],
])(
  'a PUT of %s whose end fails can be sent again, before the object was placed and behind it',
  async (_, first) => {
    const repository = await seedRepository(db)
    const deps = await blobDeps(db)
    const { id } = await startUpload(deps, repository.id, 'sha256')
    firsts.set(id, first)
    if (first !== '') await append(deps, await getUpload(deps, repository.id, id), body([first]))
    const { storage } = deps
    let fault: 'before' | 'behind' | undefined = 'before'
    const failing: UploadsDeps = {
      ...deps,
      storage: {
        ...storage,
        async finishUpload(...given) {
          if (fault === 'before') throw new Error('before')
          const key = await storage.finishUpload(...given)
          if (fault === 'behind') throw new Error('behind')
          return key
        },
      },
    }

    await expect(put(failing, id, repository)).rejects.toThrow('before')
    expect((await getUpload(deps, repository.id, id)).offset).toBe(first.length)
    fault = 'behind'
    await expect(put(failing, id, repository)).rejects.toThrow('behind')
    expect((await getUpload(deps, repository.id, id)).offset).toBe(first.length)
    fault = undefined
    await put(failing, id, repository)

    const found = await deps.findByName({
      projectId: repository.projectId,
      repository: 'app',
      digest: digest(id),
    })
    expect(found?.size).toBe(first.length + 'the last bytes'.length)
    expect(await storage.staleUploads(new Date(Date.now() + 60_000), 10)).toEqual([])
  },
)
