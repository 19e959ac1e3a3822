import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { run } from './command.ts'

export interface TemporaryDirectory {
  path: string
  remove(): Promise<void>
}

/**
 * A directory of this test alone. Others may pass through it (0755), because the embedded database runs as
 * an unprivileged user when the tests run as root.
 */
export async function temporaryDirectory(purpose: string): Promise<TemporaryDirectory> {
  const directory = await mkdtemp(path.join(os.tmpdir(), `portolan-${purpose}-`))
  await chmod(directory, 0o755)
  return {
    path: directory,
    remove: async () => {
      // What container tools unpack for somebody who is not root holds directories that not even he may write.
      await run('chmod', ['-R', 'u+rwX', directory])
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}
