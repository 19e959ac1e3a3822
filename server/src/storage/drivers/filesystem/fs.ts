import { copyFile, link, mkdir, open, readdir, rmdir, stat, statfs, unlink } from 'node:fs/promises'

/**
 * The operations of a filesystem that the driver is made of. They come in from outside so that a test
 * can run the driver over one that forgets whatever was not synced (`power-cut.test.ts`).
 */
export interface FileSystem {
  /** `r`, `r+`, or `wx`: create, and fail with EEXIST where there is one. */
  open(path: string, flags: 'r' | 'r+' | 'wx', mode?: number): Promise<OpenFile>
  /** One directory; EEXIST where the name is taken. */
  mkdir(path: string, mode: number): Promise<void>
  /** A second name for a file; EEXIST where the name is taken. */
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** An empty directory; ENOTEMPTY or EEXIST where something is in it. */
  rmdir(path: string): Promise<void>
  /** Creates `to`; EEXIST where the name is taken. */
  copyFile(from: string, to: string, mode: number): Promise<void>
  readdir(path: string, options: { withFileTypes: true }): Promise<DirectoryEntry[]>
  stat(path: string): Promise<FileStat>
  statfs(path: string): Promise<{ bsize: number; blocks: number; bavail: number }>
}

export interface OpenFile {
  stat(): Promise<FileStat>
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }>
  truncate(length: number): Promise<void>
  /** Content and size of a file to stable storage. */
  datasync(): Promise<void>
  /** The same with everything else there is to it; of a directory, its entries. */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface FileStat {
  size: number
  /** Last change of the content, milliseconds since 1970. */
  mtimeMs: number
  /** How many names the file has. */
  nlink: number
  isFile(): boolean
  isDirectory(): boolean
}

export interface DirectoryEntry {
  name: string
  isFile(): boolean
  isDirectory(): boolean
}

/** The operating system's. */
export const nodeFileSystem: FileSystem = {
  open,
  async mkdir(path, mode) {
    await mkdir(path, mode)
  },
  link,
  unlink,
  rmdir,
  copyFile,
  readdir,
  stat,
  statfs,
}
