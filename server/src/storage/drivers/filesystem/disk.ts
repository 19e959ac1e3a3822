import { join } from 'node:path'
import type { Semaphore } from '../../../lib/semaphore.ts'
import type { DirectoryMaker } from './directories.ts'
import type { FileSystem } from './fs.ts'
import type { PutThreads } from './put-threads.ts'
import type { WriteSizes } from './write-file.ts'

/** Where uploads in progress lie, and small objects while they are written. */
export const UPLOADS = '_uploads'

/** What the parts of the driver share. */
export interface Disk {
  fs: FileSystem
  /** Absolute path of the driver's directory. */
  root: string
  /** Absolute path of the uploads within it. */
  uploads: string
  directories: DirectoryMaker
  /** How uploads are written. */
  writes: WriteSizes
  /** Lets few files be deleted at once: whoever deletes a million must leave threads to those who read and write. */
  deletions: Semaphore
  /** Put small objects; on the operating system's filesystem alone. */
  threads: PutThreads | undefined
}

/** Absolute path of an object. */
export function objectPath(disk: Disk, key: string): string {
  return join(disk.root, key)
}
