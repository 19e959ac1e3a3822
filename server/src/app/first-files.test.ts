import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadSecretBox } from '../platform/crypto/secret-key.ts'
import { createFileOnce, type Files, makeDirectory } from '../platform/files.ts'
import type { FileSystem } from '../storage/drivers/filesystem/fs.ts'
import { nodeFileSystem } from '../storage/drivers/filesystem/fs.ts'
import { createForgetfulFileSystem } from '../storage/drivers/filesystem/power-cut/forgetful-fs.ts'
import { LOSSES, materialise, survivorsOf } from '../storage/drivers/filesystem/power-cut/survivors.ts'
import { withoutSyncs } from '../storage/drivers/filesystem/power-cut/without-syncs.ts'
import { gateFileSystem } from '../storage/drivers/filesystem/testing-gate.ts'

// Some two hundred disks a test.
vi.setConfig({ testTimeout: 60_000 })

/** Of the next start, which nobody cuts the power of. */
const FAST = withoutSyncs(nodeFileSystem)
const SEALED = Buffer.from('a password of somebody')
const CONTEXT = 'a column'
let base: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'portolan-first-'))
})

afterEach(async () => {
  await rm(base, { recursive: true })
})

/** What the first start does before anybody relies on it; answers what was sealed and the administrator's password. */
async function firstStart(dataDirectory: string, fs: Files): Promise<Buffer> {
  await makeDirectory(dataDirectory, 0o700, fs)
  const box = await loadSecretBox({ dataDirectory }, fs)
  await createFileOnce(join(dataDirectory, 'admin-password'), 'secret\n', fs)

  return box.seal(SEALED, CONTEXT)
}

/** Runs `work` with the power cut before its n-th lasting step. Answers every disk that may be left, or undefined at the end. */
async function cutBefore(
  step: number,
  ignores: (path: string) => boolean,
  work: (directory: string, fs: FileSystem) => Promise<Buffer>,
): Promise<{ sealed: Buffer | undefined; isOver: boolean; disks: string[] }> {
  const from = join(base, `run-${step}`)
  await nodeFileSystem.mkdir(from, 0o700)
  const forgetful = createForgetfulFileSystem(from, {
    onStep: () => undefined,
    ignores: (_kind, path) => ignores(path),
  })
  let left = step
  const { fs } = gateFileSystem(forgetful.fs, {
    async before({ lasting }) {
      if (left === 0) throw new Error('no power')
      if (lasting) left -= 1
      return undefined
    },
  })
  const sealed = await work(join(from, 'srv/registry/data'), fs).catch(() => undefined)
  const disks = LOSSES.map((loss, index) => {
    const disk = join(base, `disk-${step}-${index}`)
    materialise(survivorsOf(forgetful.root, loss), disk)
    return join(disk, 'srv/registry/data')
  })
  forgetful.close()

  return { sealed, isOver: left > 0, disks }
}

/** Answers what is wrong after cuts at every step. */
async function cutEverywhere(
  work: (directory: string, fs: FileSystem) => Promise<Buffer>,
  ignores: (path: string) => boolean = () => false,
): Promise<{ steps: number; wrong: string[] }> {
  const wrong: string[] = []
  for (let step = 0; ; step += 1) {
    const { sealed, isOver, disks } = await cutBefore(step, ignores, work)
    for (const disk of disks) {
      try {
        await makeDirectory(disk, 0o700, FAST)
        const box = await loadSecretBox({ dataDirectory: disk }, FAST)
        if (sealed && !box.open(sealed, CONTEXT).equals(SEALED)) wrong.push(`${step}: another key`)
        if (!(await readdir(disk)).includes('secret.key')) wrong.push(`${step}: no key`)
      } catch (error) {
        wrong.push(`${step}: ${String(error)}`)
      }
    }
    if (isOver) return { steps: step, wrong }
  }
}

test('whenever the power is cut at the first start, what was sealed can be opened by the next one', async () => {
  const { steps, wrong } = await cutEverywhere(firstStart)

  expect(wrong).toEqual([])
  expect(steps).toBeGreaterThan(10)
})

test('so it can after a start that was killed before it had synced any directory', async () => {
  const { wrong } = await cutEverywhere(async (directory, fs) => {
    // The kernel lives on, and has all names; the disk has none.
    const { ignoring, resume } = ignoringSyncs(fs)
    await firstStart(directory, ignoring)
    resume()
    return await firstStart(directory, fs)
  })

  expect(wrong).toEqual([])
})

test.each(['/srv', '/registry', '/data', '.key'])(
  'the loss is found where the disk ignores syncs of …%s',
  async (end) => {
    // Of the key it is the file beside its place.
    const isIgnored = (path: string) => (end === '.key' ? path.includes('secret.key.') : path.endsWith(end))

    expect((await cutEverywhere(firstStart, isIgnored)).wrong).not.toEqual([])
  },
)

test('a full disk leaves no half of a file behind', async () => {
  const { fs } = gateFileSystem(nodeFileSystem, {
    async before({ what }) {
      if (what === 'writev') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return undefined
    },
  })

  await expect(createFileOnce(join(base, 'file'), 'text', fs)).rejects.toThrow('full')

  expect(await readdir(base)).toEqual([])
})

test('a disk that takes one byte at a time has all of them in the end', async () => {
  const { fs } = gateFileSystem(nodeFileSystem, { before: async () => 1 })
  const { seal } = await loadSecretBox({ dataDirectory: base }, fs)

  expect((await loadSecretBox({ dataDirectory: base })).open(seal(SEALED, CONTEXT), CONTEXT)).toEqual(SEALED)
})

/** Of directories, as of one that is killed before it comes to them. */
function ignoringSyncs(fs: FileSystem): { ignoring: Files; resume(): void } {
  let isIgnoring = true
  return {
    ignoring: {
      ...fs,
      async open(path, flags, mode) {
        const file = await fs.open(path, flags, mode)
        return {
          writev: (...args) => file.writev(...args),
          sync: async () => (isIgnoring && flags === 'r' ? undefined : await file.sync()),
          close: () => file.close(),
        }
      },
    },
    resume() {
      isIgnoring = false
    },
  }
}
