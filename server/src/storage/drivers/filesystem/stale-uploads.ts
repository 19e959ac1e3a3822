import { join } from 'node:path'
import type { UploadState } from '../../driver.ts'
import type { Disk } from './disk.ts'
import { hasCode } from './fs-errors.ts'
import { FILE_NAME } from './uploads.ts'

/** Files below `_uploads/` that were last written to before then: of sessions, and what crashes left of small objects. */
export async function staleUploads(disk: Disk, before: Date, limit: number): Promise<UploadState[]> {
  const stale: UploadState[] = []
  for (const { name } of await disk.fs.readdir(disk.uploads, { withFileTypes: true })) {
    if (stale.length === limit) break
    if (FILE_NAME.test(name) && (await lastWritten(disk, name)) < before.getTime()) stale.push({ file: name })
  }

  return stale
}

/** One that has just gone is not stale. */
async function lastWritten(disk: Disk, name: string): Promise<number> {
  try {
    return (await disk.fs.stat(join(disk.uploads, name))).mtimeMs
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return Number.POSITIVE_INFINITY
    throw error
  }
}
