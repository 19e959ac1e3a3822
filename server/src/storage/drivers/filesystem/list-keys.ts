import { join } from 'node:path'
import { type Disk, objectPath, UPLOADS } from './disk.ts'
import type { DirectoryEntry } from './fs.ts'
import { hasCode } from './fs-errors.ts'

/** At the top: our own, and what fsck leaves on a mount point (nobody else may read it). */
const NO_KEYS = new Set([UPLOADS, 'lost+found'])

interface Entry {
  name: string
  /** The whole key of a file; of a directory, what all keys in it start with. */
  key: string
}

/**
 * The keys below `prefix` that come after `after`, in byte order, at most `limit`. Only the directories
 * on the way to the present key are in memory, and those that lie wholly before `after` are not read.
 */
export async function listKeys(disk: Disk, prefix: string, after: string, limit: number): Promise<string[]> {
  const keys: string[] = []
  const start = prefix === '' ? '' : `${prefix}/`

  for await (const key of walk(disk, objectPath(disk, prefix), start, after)) {
    keys.push(key)
    if (keys.length === limit) break
  }

  return keys
}

async function* walk(disk: Disk, directory: string, start: string, after: string): AsyncGenerator<string> {
  for (const { name, key } of await sortedEntries(disk, directory, start)) {
    if (!key.endsWith('/')) {
      if (key > after) yield key
    } else if (key > after || after.startsWith(key)) {
      yield* walk(disk, join(directory, name), key, after)
    }
  }
}

/**
 * A directory counts with the slash that follows it in the keys below: `a-b` comes before `a/b`, since
 * `-` comes before `/`, though `a` comes before `a-b`. Symbolic links are passed over: they may lead in
 * circles.
 */
async function sortedEntries(disk: Disk, directory: string, start: string): Promise<Entry[]> {
  const entries = await readEntries(disk, directory)

  return entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && !(start === '' && NO_KEYS.has(entry.name)))
    .map((entry) => ({ name: entry.name, key: `${start}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
}

async function readEntries(disk: Disk, directory: string): Promise<DirectoryEntry[]> {
  try {
    return await disk.fs.readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
