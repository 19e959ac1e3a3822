import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { objectPath } from './disk.ts'
import { hasCode } from './fs-errors.ts'

/**
 * Removes the directories directly below `prefix` that are empty and were last changed before then; answers how many. A writer
 * that has just found one makes it again (`place-file.ts`): only that is looked at, by rmdir(2) itself, what is in it. They
 * are never among those that are remembered as durable.
 */
export async function tidy(disk: Disk, prefix: string, before: Date): Promise<number> {
  const parent = objectPath(disk, prefix)
  let removed = 0
  for (const entry of await entriesOf(disk, parent)) {
    if (!entry.isDirectory()) continue
    const path = join(parent, entry.name)
    if (await disk.deletions.run(() => removeIfEmpty(disk, path, before))) removed += 1
  }

  return removed
}

async function entriesOf(disk: Disk, path: string) {
  try {
    return await disk.fs.readdir(path, { withFileTypes: true })
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}

async function removeIfEmpty(disk: Disk, path: string, before: Date): Promise<boolean> {
  try {
    if ((await disk.fs.stat(path)).mtimeMs >= before.getTime()) return false
    await disk.fs.rmdir(path)
    return true
  } catch (error) {
    // POSIX allows either where something is in it.
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
