import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'

/**
 * Ends the embedded database that a killed server left behind and that no later start took over. It is found
 * by the process id in its own directory, so nothing else can be hit.
 */
export async function endOrphanedDatabase(dataDirectory: string): Promise<void> {
  for (const file of await pidFiles(dataDirectory)) {
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
    if (pid > 1 && (await standsIn(pid, path.dirname(file)))) {
      process.kill(pid, 'SIGQUIT')
      await gone(pid)
    }
  }
}

async function pidFiles(dataDirectory: string): Promise<string[]> {
  const names = await readdir(dataDirectory, { recursive: true }).catch(() => [])
  return names
    .filter((name) => path.basename(name) === 'postmaster.pid')
    .map((name) => path.join(dataDirectory, name))
}

/** PostgreSQL makes its data directory its working directory, and nobody else does. */
async function standsIn(pid: number, directory: string): Promise<boolean> {
  const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  return workingDirectory === (await realpath(directory))
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
