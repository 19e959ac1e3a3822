import { randomBytes } from 'node:crypto'
import { link, mkdir, open, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What is needed of a filesystem. It comes in from outside so that a test can cut the power. */
export interface Files {
  open(path: string, flags: 'r' | 'wx', mode?: number): Promise<OpenedFile>
  mkdir(path: string, mode: number): Promise<unknown>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  stat(path: string): Promise<{ isDirectory(): boolean }>
}

interface OpenedFile {
  writev(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

const nodeFiles: Files = { open, mkdir, link, unlink, stat }

/**
 * Creates a file for its owner alone (0600), whole and durable or not at all. Where there is one already it
 * stays: of several processes that try at once, one wins for all. Answers whether this call made it.
 */
export async function createFileOnce(file: string, text: string, files = nodeFiles): Promise<boolean> {
  // Not the process id: replicas in containers have the same.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await files.open(temporary, 'wx', 0o600)
  let isMade = true
  try {
    try {
      await writeAll(handle, Buffer.from(text))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await files.link(temporary, file)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    isMade = false
  } finally {
    await files.unlink(temporary)
  }
  // Of one that was there, too: who made it may not have come so far.
  await syncDirectory(dirname(file), files)

  return isMade
}

/**
 * Creates a directory and those above it, as far as they are missing, durably. That they are there proves nothing: who made
 * them may have been killed before they were durable.
 */
export async function makeDirectory(directory: string, mode: number, files = nodeFiles): Promise<void> {
  await makeAll(directory, mode, files)
  for (let path = directory; path !== dirname(path); ) {
    path = dirname(path)
    try {
      await syncDirectory(path, files)
    } catch (error) {
      // Whoever gave us a directory within one that we may not even read has seen to it himself.
      if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))) throw error
    }
  }
}

/** Makes new, renamed and removed names in `directory` survive a power cut. */
export async function syncDirectory(directory: string, files = nodeFiles): Promise<void> {
  try {
    await syncFile(directory, files)
  } catch (error) {
    // Some network filesystems do not know the notion.
    if (codeOf(error) !== 'EINVAL') throw error
  }
}

/** Makes the content of `file` survive a power cut. */
export async function syncFile(file: string, files = nodeFiles): Promise<void> {
  const handle = await files.open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function makeAll(directory: string, mode: number, files: Files): Promise<void> {
  try {
    await makeOne(directory, mode, files)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await makeAll(dirname(directory), mode, files)
    await makeOne(directory, mode, files)
  }
}

async function makeOne(directory: string, mode: number, files: Files): Promise<void> {
  try {
    await files.mkdir(directory, mode)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await files.stat(directory)).isDirectory()) throw error
  }
}

async function writeAll(handle: OpenedFile, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.writev([bytes.subarray(at)], at)).bytesWritten
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
