import { dirname } from 'node:path'
import type { FileSystem } from './fs.ts'
import { hasCode } from './fs-errors.ts'
import { DIRECTORY_MODE } from './modes.ts'

/** Memory stays small: about half a megabyte of paths. */
const REMEMBERED = 4096

export interface DirectoryMaker {
  /**
   * Creates `directory` and its parents, as far as they are missing. To be called after an entry was
   * made in it: the function it answers, which makes that entry and the way to it durable.
   */
  make(directory: string): Promise<() => Promise<void>>
  /** Whether this one, in which objects have directories, is known to be there, durably. */
  isDurable(directory: string): boolean
  /** Forgets which directories are there, after somebody removed one from outside. */
  forget(): void
}

/**
 * Makes directories below `root`, which exists and is durable. One that objects lie in directly is not remembered: it may be
 * removed, and made again by somebody else who has not come to sync its parent (`tidy.ts`).
 *
 * A directory is durable once its parent was synced after its creation. That it exists proves nothing:
 * another process may have created it a moment ago and not have come to sync the parent. So every
 * directory that this process has not made durable itself costs one sync of its parent, once; one of objects each time.
 */
export function createDirectoryMaker(fs: FileSystem, root: string): DirectoryMaker {
  const durable = new Set<string>([root])

  return {
    async make(directory) {
      const fresh = missingFrom(durable, directory)
      for (const path of fresh) await makeDirectory(fs, path)

      return async () => {
        const parents = fresh.map((path) => dirname(path))
        await Promise.all([directory, ...parents].map((path) => syncDirectory(fs, path)))
        if (durable.size > REMEMBERED) forgetAll(durable, root)
        for (const path of fresh) if (path !== directory) durable.add(path)
      }
    },
    isDurable: (directory) => durable.has(directory),
    forget: () => forgetAll(durable, root),
  }
}

/** Syncs the entries of a directory. */
export async function syncDirectory(fs: FileSystem, path: string): Promise<void> {
  const directory = await fs.open(path, 'r')
  try {
    await directory.sync()
  } catch (error) {
    // Some network filesystems do not know the notion; there is nothing more to be done on them.
    if (!hasCode(error, 'EINVAL')) throw error
  } finally {
    await directory.close()
  }
}

/** Creates one directory unless it is there. */
export async function makeDirectory(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.mkdir(path, DIRECTORY_MODE)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

/** From `directory` upwards to the first that is known, uppermost first. */
function missingFrom(durable: Set<string>, directory: string): string[] {
  const missing: string[] = []
  for (let path = directory; !durable.has(path); path = dirname(path)) missing.unshift(path)

  return missing
}

function forgetAll(durable: Set<string>, root: string): void {
  durable.clear()
  durable.add(root)
}
