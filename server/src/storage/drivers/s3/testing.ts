import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { findProgram } from '../../../../../scripts/peers/path.ts'
import { createClient } from './client.ts'
import type { S3Settings } from './settings.ts'

const KEYS = { accessKeyId: 'portolan-test', secretAccessKey: 'portolan-test-secret' }
/** Milliseconds between two looks whether a server is up, and how many. */
const PAUSE = 100
const LOOKS = 200

export type ServerName = 'minio' | 'versitygw'

/** A real server that speaks S3, with its data below a directory of its own. */
export interface S3Server {
  endpoint: string
  /** A new bucket, and how the driver reaches it. */
  createBucket(): Promise<S3Settings>
  stop(): Promise<void>
}

/** Starts a server on a free port of this machine. */
export async function startS3Server(name: ServerName): Promise<S3Server> {
  const program = await findProgram(name)
  if (program === undefined) throw new Error(`${name} is not installed: npm run install-peers`)
  const directory = await mkdtemp(join(tmpdir(), `portolan-${name}-`))
  const address = `127.0.0.1:${await freePort()}`
  const server = await startProgram(name, program, address, directory)
  const settings = settingsFor(`http://${address}`)
  let buckets = 0

  return {
    endpoint: `http://${address}`,
    async createBucket() {
      buckets += 1
      const bucket = `bucket-${buckets}`
      await withClient(settings, (client) => client.send(new CreateBucketCommand({ Bucket: bucket })))
      return { ...settings, bucket }
    },
    async stop() {
      server.kill('SIGKILL')
      await once(server, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** How many objects and multipart uploads a bucket really holds. */
export async function countRaw(settings: S3Settings): Promise<number> {
  return withClient(settings, async (client) => {
    const { KeyCount = 0 } = await client.send(new ListObjectsV2Command({ Bucket: settings.bucket }))
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: settings.bucket }))
    return KeyCount + Uploads.length
  })
}

function settingsFor(endpoint: string): S3Settings {
  return {
    bucket: 'none',
    region: 'us-east-1',
    endpoint,
    pathStyle: true,
    prefix: 'in/here',
    ...KEYS,
    maxAttempts: 3,
    timeoutSeconds: 20,
    redirect: false,
    redirectSeconds: 60,
    distributionLayout: false,
  }
}

async function startProgram(
  name: ServerName,
  program: string,
  address: string,
  directory: string,
): Promise<ChildProcess> {
  const { args, env } = COMMANDS[name](address, directory)
  const server = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' })
  const settings = { ...settingsFor(`http://${address}`), maxAttempts: 1 }

  for (let look = 0; look < LOOKS; look += 1) {
    const up = await withClient(settings, (client) => client.send(new ListBucketsCommand({}))).catch(
      () => undefined,
    )
    if (up) return server
    if (server.exitCode !== null) break
    await sleep(PAUSE)
  }
  server.kill('SIGKILL')
  throw new Error(`${name} did not start`)
}

const COMMANDS: Record<
  ServerName,
  (address: string, directory: string) => { args: string[]; env: Record<string, string> }
> = {
  minio: (address, directory) => ({
    args: ['server', '--quiet', '--address', address, '--console-address', '127.0.0.1:0', directory],
    env: { MINIO_ROOT_USER: KEYS.accessKeyId, MINIO_ROOT_PASSWORD: KEYS.secretAccessKey },
  }),
  versitygw: (address, directory) => ({
    args: [
      '--access',
      KEYS.accessKeyId,
      '--secret',
      KEYS.secretAccessKey,
      '--port',
      address,
      'posix',
      directory,
    ],
    env: {},
  }),
}

async function withClient<T>(
  settings: S3Settings,
  use: (client: Awaited<ReturnType<typeof createClient>>) => Promise<T>,
): Promise<T> {
  const client = await createClient(settings)
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')

  return port
}
