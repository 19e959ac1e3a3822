import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ByteRange, DeleteOptions, ObjectReader, ObjectStat } from '../../driver.ts'
import { InvalidRangeError, ObjectMissingError } from '../../errors.ts'
import { syncDirectory } from './directories.ts'
import { type Disk, objectPath } from './disk.ts'
import { hasCode, ignoreError, namingMissing } from './fs-errors.ts'
import { FILE_MODE } from './modes.ts'
import { placeFile } from './place-file.ts'
import { type Put, putSteps, runSteps } from './put-steps.ts'
import { streamFile } from './read-file.ts'
import { writeFully } from './write-file.ts'

export async function statObject(disk: Disk, key: string): Promise<ObjectStat | undefined> {
  try {
    const stat = await disk.fs.stat(objectPath(disk, key))
    return stat.isFile() ? { size: stat.size } : undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

export async function readObject(disk: Disk, key: string, range?: ByteRange): Promise<Readable> {
  const file = await namingMissing(key, () => disk.fs.open(objectPath(disk, key), 'r'))

  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new ObjectMissingError(key)
    if (range === undefined) return streamFile(file, key, 0, stat.size)
    if (range.end >= stat.size) throw new InvalidRangeError(key, range)
    return streamFile(file, key, range.start, range.end - range.start + 1)
  } catch (error) {
    await file.close()
    throw error
  }
}

export async function openObject(disk: Disk, key: string): Promise<ObjectReader> {
  const file = await namingMissing(key, () => disk.fs.open(objectPath(disk, key), 'r'))

  return {
    async read(buffer, position) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, position)
      return bytesRead
    },
    close: () => file.close(),
  }
}

/** What is put at once by one thread. */
const SMALL = 256 * 1024

export async function putObject(disk: Disk, key: string, bytes: Uint8Array): Promise<void> {
  const path = objectPath(disk, key)
  const isShort = bytes.byteLength <= SMALL && disk.directories.isDurable(dirname(dirname(path)))
  if (isShort && (await putShortly(disk, { temporary: newTemporary(disk), path, bytes }))) return

  const temporary = newTemporary(disk)
  const file = await disk.fs.open(temporary, 'wx', FILE_MODE)

  try {
    try {
      await writeFully(file, 0, [bytes])
      await file.datasync()
    } finally {
      await file.close()
    }
    await placeFile(disk, temporary, key)
  } finally {
    // A name too many of a file that is stored, or the rest of a failure: neither is worth an error.
    await disk.fs.unlink(temporary).catch(ignoreError)
  }
}

/** Answers false where it takes more: the name is taken, or a directory is missing. */
async function putShortly(disk: Disk, put: Put): Promise<boolean> {
  const here = () => runSteps(putSteps(disk.fs, put))
  return await (disk.threads ? disk.threads.put(put, here) : here())
}

function newTemporary(disk: Disk): string {
  return join(disk.uploads, `put-${randomBytes(8).toString('hex')}`)
}

/**
 * Directories stay, even empty ones, for `tidy` to remove: that would make each deletion twice as dear. Nor are they synced unless that is asked for: a sync for
 * each of a million objects is what whoever pushes meanwhile would wait for.
 */
export async function deleteObject(disk: Disk, key: string, options?: DeleteOptions): Promise<void> {
  const path = objectPath(disk, key)
  await unlinkFile(disk, path)
  // Also where it was not there: somebody may have removed it a moment ago.
  if (options?.durable) await syncIfThere(disk, dirname(path))
}

async function unlinkFile(disk: Disk, path: string): Promise<void> {
  try {
    await disk.deletions.run(() => disk.fs.unlink(path))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return
    // What POSIX says of unlinking a directory, and macOS does.
    if (hasCode(error, 'EPERM') && (await disk.fs.stat(path)).isDirectory()) return
    throw error
  }
}

async function syncIfThere(disk: Disk, directory: string): Promise<void> {
  try {
    await syncDirectory(disk.fs, directory)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}
