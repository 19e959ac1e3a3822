import { randomBytes } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a file for its owner alone (0600), whole and durable or not at all. Where there is one already it
 * stays: of several processes that try at once, one wins for all. Answers whether this call made it.
 */
export async function createFileOnce(file: string, text: string): Promise<boolean> {
  // Not the process id: replicas in containers have the same.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary)
    await syncDirectory(dirname(file))
  }
}

/** Makes new, renamed and removed names in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  await syncFile(directory)
}

/** Makes the content of `file` survive a power cut. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
