import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram } from '../../scripts/peers/path.ts'
import { succeed } from '../../tests/harness/command.ts'
import { send } from '../../tests/harness/http.ts'
import { freePort } from '../../tests/harness/port.ts'
import type { Peer } from './peer.ts'

/** CNCF Distribution as Debian packages it, with files for storage and without any login. */
export const distribution: Peer = {
  name: 'docker-registry (Debian)',
  version: async () => (await succeed(await program(), ['--version'])).trim().split(' ').slice(-1).join(''),
  start: async (dataDirectory) => {
    const port = await freePort()
    const file = path.join(dataDirectory, 'config.yml')
    await writeFile(file, configuration(dataDirectory, port))
    const executable = await program()
    const begin = performance.now()
    const child = spawn(executable, ['serve', file], { stdio: 'ignore' })
    const atExit = () => child.kill('SIGKILL')
    process.once('exit', atExit)
    const url = `http://127.0.0.1:${port}`
    await serves(url, child)
    const startedAfterMs = performance.now() - begin

    return {
      url,
      pid: child.pid ?? 0,
      startedAfterMs,
      prepare: async () => ({ repository: 'project/bench', headers: {} }),
      stop: async () => {
        process.removeListener('exit', atExit)
        child.kill('SIGTERM')
        await once(child, 'exit')
      },
    }
  },
}

async function program(): Promise<string> {
  const file = await findProgram('docker-registry')
  if (file === undefined) {
    throw new Error('docker-registry is not installed: npm run install-peers')
  }
  return file
}

function configuration(dataDirectory: string, port: number): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${path.join(dataDirectory, 'registry')} }
  delete: { enabled: true }
http: { addr: 127.0.0.1:${port} }
`
}

async function serves(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answer = await send(url, { path: '/v2/' }).catch(() => undefined)
    if (answer?.status === 200) {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error(`docker-registry ended with ${child.exitCode}`)
}
