import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from '../config/schema.ts'
import { FatalError } from '../platform/errors.ts'
import { makeDirectory } from '../platform/files.ts'

/** Another process has the data directory open. */
export class DataDirectoryInUse extends FatalError {}

/** A hold on the data directory. */
export interface DataDirectory {
  release(): void
}

// initdb writes 40 MB and its log 16 MB more.
const FIRST_START_BYTES = 100 * 1024 * 1024

/**
 * Creates the data directory where there is none and takes its lock: for this process alone with the
 * embedded database, together with others (which then keep an embedded one away) with an external one.
 *
 * The lock is that of an SQLite file: a lock of the operating system, on any platform, seen from other
 * containers too, which goes with the process however that ends. So there is no stale lock to judge.
 */
export async function openDataDirectory(
  config: Pick<Config, 'dataDirectory' | 'database'>,
): Promise<DataDirectory> {
  const { dataDirectory } = config
  const embedded = config.database.url === undefined
  try {
    await makeDirectory(dataDirectory, 0o700)
  } catch (cause) {
    throw unusable(dataDirectory, cause)
  }
  if (embedded) checkRoom(dataDirectory)
  const lock = takeLock(dataDirectory, embedded)
  if (embedded) writePid(dataDirectory)

  return {
    release() {
      if (embedded) rmSync(pidFile(dataDirectory), { force: true })
      lock.close()
    },
  }
}

function takeLock(dataDirectory: string, exclusive: boolean): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(dataDirectory, 'lock'))
    lock.exec(exclusive ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT count(*) FROM sqlite_master')
    return lock
  } catch (cause) {
    lock?.close()
    if (/locked/.test(String(cause))) {
      throw new DataDirectoryInUse(
        `the data directory ${dataDirectory} is in use by another Portolan${holder(dataDirectory)}`,
      )
    }
    throw unusable(dataDirectory, cause)
  }
}

function checkRoom(dataDirectory: string): void {
  const { bavail, bsize } = statfsSync(dataDirectory)
  const isFirst = !existsHere(join(dataDirectory, 'postgres', 'PG_VERSION'))
  if (isFirst && bavail * bsize < FIRST_START_BYTES) {
    const free = Math.floor((bavail * bsize) / 1024 / 1024)
    throw new FatalError(
      `the disk of the data directory ${dataDirectory} is full: ${free} MB free, first start needs 100 MB`,
    )
  }
}

function existsHere(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}

function pidFile(dataDirectory: string): string {
  return join(dataDirectory, 'portolan.pid')
}

/** For people and for the message above; nothing is decided by it. */
function writePid(dataDirectory: string): void {
  try {
    writeFileSync(pidFile(dataDirectory), `${process.pid}\n`)
  } catch (cause) {
    throw unusable(dataDirectory, cause)
  }
}

function holder(dataDirectory: string): string {
  try {
    return ` (process ${readFileSync(pidFile(dataDirectory), 'utf8').trim()})`
  } catch {
    return ''
  }
}

function unusable(dataDirectory: string, cause: unknown): FatalError {
  const { code, message } = cause as NodeJS.ErrnoException & { errstr?: string }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new FatalError(`the disk of the data directory ${dataDirectory} is full`, { cause })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new FatalError(`the data directory ${dataDirectory} cannot be written (${code})`, { cause })
    case 'ERR_SQLITE_ERROR':
      return new FatalError(`the data directory ${dataDirectory} cannot be locked: ${message}`, { cause })
    default:
      return new FatalError(`the data directory ${dataDirectory} cannot be used (${code ?? message})`, {
        cause,
      })
  }
}
