import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryDirectory } from './directory.ts'
import { freePort } from './port.ts'

const PAUSE_MS = 100
const LOOKS = 200

/** A bucket on a real S3 server that keeps objects as files. */
export interface Bucket {
  /** Settings of a server that keeps its blobs there, and sends nobody to it. */
  readonly env: Record<string, string>
  /** Under another name than the one in `env`: clients do not take their credentials along to another host. */
  readonly publicEndpoint: string
  stop(): Promise<void>
}

/** Starts `versitygw`, the program at `file`, over one empty bucket. */
export async function startBucket(file: string): Promise<Bucket> {
  const directory = await temporaryDirectory('bucket')
  await mkdir(path.join(directory.path, 'registry'))
  const port = await freePort()
  const keys = { id: 'test-key', secret: 'test-secret' }
  const args = [
    '--access',
    keys.id,
    '--secret',
    keys.secret,
    '--port',
    `127.0.0.1:${port}`,
    'posix',
    directory.path,
  ]
  const server = spawn(file, args, { stdio: 'ignore' })

  async function stop(): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL')
      await once(server, 'exit')
    }
    await directory.remove()
  }

  for (let look = 0; !(await answers(port)); look += 1) {
    if (look === LOOKS || server.exitCode !== null) {
      await stop()
      throw new Error('versitygw did not start')
    }
    await sleep(PAUSE_MS)
  }

  return {
    env: {
      PORTOLAN_STORAGE_DRIVER: 's3',
      PORTOLAN_STORAGE_S3_BUCKET: 'registry',
      PORTOLAN_STORAGE_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      PORTOLAN_STORAGE_S3_PATH_STYLE: 'true',
      PORTOLAN_STORAGE_S3_REDIRECT: 'false',
      PORTOLAN_STORAGE_S3_ACCESS_KEY_ID: keys.id,
      PORTOLAN_STORAGE_S3_SECRET_ACCESS_KEY: keys.secret,
    },
    publicEndpoint: `http://localhost:${port}`,
    stop,
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
