import { randomBytes } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { createSemaphore } from '../../../lib/semaphore.ts'
import type { StorageDriver } from '../../driver.ts'
import { StorageFailureError } from '../../errors.ts'
import { createDirectoryMaker, makeDirectory, syncDirectory } from './directories.ts'
import { type Disk, UPLOADS } from './disk.ts'
import { type FileSystem, nodeFileSystem } from './fs.ts'
import { hasCode, ignoreError, namingFull } from './fs-errors.ts'
import { listKeys } from './list-keys.ts'
import { FILE_MODE } from './modes.ts'
import { deleteObject, openObject, putObject, readObject, statObject } from './objects.ts'
import { assertHardLinks } from './place-file.ts'
import { createPutThreads } from './put-threads.ts'
import { staleUploads } from './stale-uploads.ts'
import { tidy } from './tidy.ts'
import {
  abortUpload,
  append,
  finishUpload,
  forgetUpload,
  forkUpload,
  readUpload,
  startUpload,
} from './uploads.ts'
import { WRITE_SIZES, type WriteSizes } from './write-file.ts'

/** Of the four threads that Node has for files, in all. More at once are no faster either. */
const DELETIONS = 2

/** What a write gathers before it writes: so much of an upload is in memory in any case. */
const PUTS_UP_TO = 256 * 1024

/**
 * Opens the driver that keeps objects as files below `directory` (created where it is missing), on a
 * local or shared filesystem with hard links. Several processes may have it open at once.
 * Rejects with `StorageFailureError` where the directory cannot be used.
 */
export async function openFilesystemDriver(
  directory: string,
  fs = nodeFileSystem,
  writes = WRITE_SIZES,
): Promise<StorageDriver> {
  const disk = await openDisk(resolve(directory), fs, writes)

  return {
    kind: 'filesystem',
    putsUpTo: PUTS_UP_TO,
    stat: (key) => statObject(disk, key),
    read: (key, range) => readObject(disk, key, range),
    open: (key) => openObject(disk, key),
    put: (key, bytes) => namingFull(() => putObject(disk, key, bytes)),
    list: (prefix, { after = '', limit }) => listKeys(disk, prefix, after, limit),
    delete: (key, options) => namingFull(() => deleteObject(disk, key, options)),
    tidy: (prefix, before) => tidy(disk, prefix, before),
    startUpload: (id) => namingFull(() => startUpload(disk, id)),
    append: (state, offset, source) => namingFull(() => append(disk, state, offset, source)),
    readUpload: (state, length) => readUpload(disk, state, length),
    forkUpload: (state, id, length) => namingFull(() => forkUpload(disk, state, id, length)),
    finishUpload: (state, length, key) => namingFull(() => finishUpload(disk, state, length, key)),
    forgetUpload: (state) => forgetUpload(disk, state),
    abortUpload: (state) => namingFull(() => abortUpload(disk, state)),
    staleUploads: (before, limit) => staleUploads(disk, before, limit),
    capacity: () => capacity(disk),
    async close() {
      await disk.threads?.close()
    },
  }
}

async function openDisk(root: string, fs: FileSystem, writes: WriteSizes): Promise<Disk> {
  const uploads = join(root, UPLOADS)
  const disk = {
    fs,
    root,
    uploads,
    directories: createDirectoryMaker(fs, root),
    writes,
    deletions: createSemaphore(DELETIONS),
    threads: fs === nodeFileSystem ? createPutThreads() : undefined,
  }

  try {
    await makeRoot(fs, root)
    await makeDirectory(fs, uploads)
    await syncDirectory(fs, root)
    await probe(disk)
  } catch (error) {
    throw new StorageFailureError('open', root, error)
  }

  return disk
}

/** That a directory is there does not say that it is there to stay: whoever made it may have been killed before he synced it. */
async function makeRoot(fs: FileSystem, root: string): Promise<void> {
  await makeAll(fs, root)
  for (let path = root; path !== dirname(path); ) {
    path = dirname(path)
    try {
      await syncDirectory(fs, path)
    } catch (error) {
      // Whoever gave us a directory within one that we may not even read has seen to it himself.
      if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    }
  }
}

async function makeAll(fs: FileSystem, directory: string): Promise<void> {
  try {
    await makeDirectory(fs, directory)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    await makeAll(fs, dirname(directory))
    await makeDirectory(fs, directory)
  }
}

/** A full disk does not keep the driver from opening: what is stored can still be read. */
async function probe(disk: Disk): Promise<void> {
  const path = join(disk.uploads, `probe-${randomBytes(8).toString('hex')}`)
  try {
    const file = await disk.fs.open(path, 'wx', FILE_MODE)
    await file.close()
    await assertHardLinks(disk, path)
  } catch (error) {
    if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error
  } finally {
    await disk.fs.unlink(path).catch(ignoreError)
  }
}

async function capacity(disk: Disk): Promise<{ total: number; free: number }> {
  const { bsize, blocks, bavail } = await disk.fs.statfs(disk.root)

  return { total: blocks * bsize, free: bavail * bsize }
}
