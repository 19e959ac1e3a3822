import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ignore } from '../../../lib/ignore.ts'
import { FatalError } from '../../errors.ts'
import { syncDirectory } from '../../files.ts'
import type { Binaries } from './binaries.ts'
import { directoryArgument, finish, startProgram } from './child.ts'
import { guard } from './guardian.ts'
import { giveTo, type Owner } from './owner.ts'
import { ROLE } from './settings.ts'

/** Major version of the PostgreSQL that Portolan brings. */
const MAJOR = 18

/** Whether `directory` holds a database of our version: true, or false where there is none yet. */
export function hasCluster(directory: string): boolean {
  const text = readVersionFile(directory)
  if (text === undefined) return false
  const major = Number(text)
  if (major !== MAJOR) {
    throw new FatalError(
      `${directory} was made by PostgreSQL ${text.trim()}, this Portolan brings PostgreSQL ${MAJOR}: ${
        major > MAJOR ? 'use the newer Portolan' : 'move the data with a dump and a restore'
      }`,
    )
  }
  return true
}

function readVersionFile(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'PG_VERSION'), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new FatalError(`${directory} cannot be read (${code}): was Portolan run as another user before?`, {
      cause: error,
    })
  }
}

/**
 * Creates the database files. They grow beside their place and move there when they are complete and
 * synced: a kill or a power cut in the middle leaves rubbish that the next start removes, never half
 * a database.
 */
export async function createCluster(
  directory: string,
  binaries: Binaries,
  owner: Owner | undefined,
): Promise<void> {
  removeUnfinished(directory)
  const growing = `${directory}.new-${process.pid}-${Date.now().toString(36)}`
  try {
    mkdirSync(growing, { mode: 0o700 })
    giveTo(owner, growing)
    await runInitdb(growing, binaries, owner)
    await rename(growing, directory)
    await syncDirectory(dirname(directory))
  } catch (error) {
    await rm(growing, { recursive: true, force: true }).catch(ignore)
    if (error instanceof FatalError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new FatalError(`the embedded PostgreSQL cannot be set up in ${directory} (${code ?? message})`, {
      cause: error,
    })
  }
}

async function runInitdb(directory: string, binaries: Binaries, owner: Owner | undefined): Promise<void> {
  const child = startProgram(
    binaries.initdb,
    [
      ...[
        '-D',
        directoryArgument(directory, owner),
        '-U',
        ROLE,
        '-E',
        'UTF8',
        '--no-locale',
        '--no-instructions',
      ],
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      // Whoever gets through the directory (0700) to the socket is in: there is no other way to it.
      ...['--auth=trust'],
      // What initdb would find out by trying; the server gets its own settings anyway.
      ...['-c', 'shared_buffers=16MB', '-c', 'max_connections=20', '-c', 'dynamic_shared_memory_type=posix'],
    ],
    { directory, owner },
  )
  const dismiss = child.pid === undefined ? undefined : guard(child.pid, 'KILL', owner)
  try {
    await finish(child, 'initdb of the embedded PostgreSQL')
  } finally {
    dismiss?.()
  }
}

function removeUnfinished(directory: string): void {
  const prefix = `${basename(directory)}.new-`
  for (const name of readdirSync(dirname(directory))) {
    if (!name.startsWith(prefix)) continue
    // An initdb whose parent was killed may still be writing for a moment.
    rmSync(join(dirname(directory), name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
