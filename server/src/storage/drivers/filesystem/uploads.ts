import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Appended, UploadState } from '../../driver.ts'
import { ObjectMissingError } from '../../errors.ts'
import { tolerateSource } from '../tolerated-source.ts'
import { syncDirectory } from './directories.ts'
import type { Disk } from './disk.ts'
import type { FileStat, OpenFile } from './fs.ts'
import { hasCode, ignoreError, namingMissing } from './fs-errors.ts'
import { FILE_MODE } from './modes.ts'
import { placeFile } from './place-file.ts'
import { streamFile } from './read-file.ts'
import { writeChunks } from './write-file.ts'

/** The caller's id and a random part; with no dot and no slash it cannot lead out of its directory. */
export const FILE_NAME = /^[A-Za-z0-9_-]{1,128}-[0-9a-f]{16}$/

export async function startUpload(disk: Disk, id: string): Promise<UploadState> {
  const name = newName(id)
  const file = await disk.fs.open(join(disk.uploads, name), 'wx', FILE_MODE)
  await file.close()
  await syncDirectory(disk.fs, disk.uploads)

  return { file: name }
}

export async function append(
  disk: Disk,
  state: UploadState,
  offset: number,
  source: AsyncIterable<Uint8Array>,
): Promise<Appended> {
  const tolerated = tolerateSource(source)
  const { file, stat } = await openToAppend(disk, state, offset).catch((error) => {
    tolerated.discard()
    throw error
  })

  try {
    if (stat.size > offset) await file.truncate(offset)
    const written = await writeChunks(file, offset, tolerated.chunks, disk.writes)
    if (written > 0 || stat.size > offset) await file.datasync()

    return { state, written, ...tolerated.outcome() }
  } finally {
    await file.close()
  }
}

export async function readUpload(disk: Disk, state: UploadState, length: number): Promise<Readable> {
  const { file, stat } = await openUpload(disk, state, 'r')

  try {
    assertHolds(stat, length)
    return streamFile(file, nameOf(state), 0, length)
  } catch (error) {
    await file.close()
    throw error
  }
}

export async function forkUpload(
  disk: Disk,
  state: UploadState,
  id: string,
  length: number,
): Promise<UploadState> {
  const name = newName(id)
  const path = join(disk.uploads, name)
  await copyUpload(disk, state, path)

  try {
    const file = await disk.fs.open(path, 'r+')
    try {
      assertHolds(await file.stat(), length)
      await file.truncate(length)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await disk.fs.unlink(path).catch(ignoreError)
    throw error
  }
  await syncDirectory(disk.fs, disk.uploads)

  return { file: name }
}

export async function finishUpload(
  disk: Disk,
  state: UploadState,
  length: number,
  key: string,
): Promise<string> {
  const path = pathOf(disk, state)
  await cutTo(disk, state, length)
  try {
    await placeFile(disk, path, key)
  } catch (error) {
    // Finished or aborted by somebody else a moment ago.
    throw hasCode(error, 'ENOENT') ? new ObjectMissingError(nameOf(state)) : error
  }

  return key
}

/** Its bytes are the object's: a name that stays behind is refused by `append` and costs nothing, so that nothing is synced. */
export async function forgetUpload(disk: Disk, state: UploadState): Promise<void> {
  try {
    await disk.fs.unlink(pathOf(disk, state))
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

export async function abortUpload(disk: Disk, state: UploadState): Promise<void> {
  await forgetUpload(disk, state)
  await syncDirectory(disk.fs, disk.uploads)
}

/** Random, not counted: a name is never used again, so an old state can never mean a newer upload. */
function newName(id: string): string {
  return `${id}-${randomBytes(8).toString('hex')}`
}

function nameOf(state: UploadState): string {
  const name = state.file
  if (typeof name !== 'string' || !FILE_NAME.test(name)) {
    throw new Error('this is not the state of an upload on the filesystem')
  }

  return name
}

function pathOf(disk: Disk, state: UploadState): string {
  return join(disk.uploads, nameOf(state))
}

async function openUpload(
  disk: Disk,
  state: UploadState,
  flags: 'r' | 'r+',
): Promise<{ file: OpenFile; stat: FileStat }> {
  const file = await namingMissing(nameOf(state), () => disk.fs.open(pathOf(disk, state), flags))
  try {
    return { file, stat: await file.stat() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openToAppend(
  disk: Disk,
  state: UploadState,
  offset: number,
): Promise<{ file: OpenFile; stat: FileStat }> {
  const { file, stat } = await openUpload(disk, state, 'r+')

  try {
    // The file has an object's name as well: it was finished, whether or not anybody has written that down.
    if (stat.nlink > 1) throw new ObjectMissingError(nameOf(state))
    assertHolds(stat, offset)
    return { file, stat }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The whole file at once: the kernel copies, or shares the blocks where the filesystem can. */
async function copyUpload(disk: Disk, state: UploadState, path: string): Promise<void> {
  const exclusiveOrShared = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
  try {
    await namingMissing(nameOf(state), () => disk.fs.copyFile(pathOf(disk, state), path, exclusiveOrShared))
  } catch (error) {
    await disk.fs.unlink(path).catch(ignoreError)
    throw error
  }
}

async function cutTo(disk: Disk, state: UploadState, length: number): Promise<void> {
  const stat = await namingMissing(nameOf(state), () => disk.fs.stat(pathOf(disk, state)))
  assertHolds(stat, length)
  if (stat.size === length) return
  if (stat.nlink > 1) throw new Error(`the upload was finished with ${stat.size} bytes, not ${length}`)

  const { file } = await openUpload(disk, state, 'r+')
  try {
    await file.truncate(length)
    await file.sync()
  } finally {
    await file.close()
  }
}

function assertHolds(stat: FileStat, length: number): void {
  if (stat.size < length) throw new Error(`the upload holds ${stat.size} bytes, not ${length}`)
}
