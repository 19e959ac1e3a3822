import { dirname } from 'node:path'
import { ObjectExistsError } from '../../errors.ts'
import { type Disk, objectPath } from './disk.ts'
import { hasCode } from './fs-errors.ts'

/** An empty directory is removed once it is old, not again and again. */
const ATTEMPTS = 4

/**
 * Gives the file at `from`, whose content is durable, the name of an object, durably. The name is
 * given by link(2) because it alone is atomic and refuses a name that is taken: rename(2) overwrites,
 * and a file created exclusively would be visible before it is whole.
 */
export async function placeFile(disk: Disk, from: string, key: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await linkDurably(disk, from, key)
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || attempt === ATTEMPTS) throw error
      // Somebody has tidied empty directories away, and what we remember of them may be wrong.
      disk.directories.forget()
    }
  }
}

/** Creates and removes a link, to learn at the start whether the filesystem under `disk` has them. */
export async function assertHardLinks(disk: Disk, file: string): Promise<void> {
  const probe = `${file}.link`
  try {
    await disk.fs.link(file, probe)
  } catch (error) {
    throw explained(error, disk)
  }
  await disk.fs.unlink(probe)
}

async function linkDurably(disk: Disk, from: string, key: string): Promise<void> {
  const path = objectPath(disk, key)
  const sync = await disk.directories.make(dirname(path))

  try {
    await disk.fs.link(from, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw explained(error, disk)
    // The other writer may not have come so far; whoever hears "exists" may rely on it.
    await sync()
    throw new ObjectExistsError(key)
  }
  await sync()
}

function explained(error: unknown, disk: Disk): unknown {
  if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return error

  return new Error(
    `the filesystem under ${disk.root} has no hard links, without which nothing can be stored safely`,
    { cause: error },
  )
}
