import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { startServer } from '../harness/server.ts'
import { complaint, portolan } from './portolan.ts'

let directory: TemporaryDirectory

beforeEach(async () => {
  directory = await temporaryDirectory('refusal')
})

afterEach(async () => {
  await directory.remove()
})

function serve(env: Record<string, string> = {}) {
  return portolan(['serve'], { cwd: directory.path, env })
}

async function occupyPort(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

test('a port in use is said in one line, and the data directory works afterwards', async () => {
  const { server, port } = await occupyPort()

  const result = await serve({ PORTOLAN_LISTEN_PORT: String(port) })

  server.close()
  expect(complaint(result)).toBe(`portolan: port ${port} is in use (listen.port)`)
  const next = await startServer({ dataDirectory: path.join(directory.path, 'data') })
  expect(await next.stop()).toBe(0)
})

test('a second process on the same data directory is refused, and the first goes on', async () => {
  const first = await startServer()

  const result = await portolan(['serve'], {
    cwd: directory.path,
    env: { PORTOLAN_DATA_DIRECTORY: first.dataDirectory },
  })
  const answer = await fetch(`${first.url}/v2/`)

  await first.dispose()
  expect(complaint(result)).toBe(
    `portolan: the data directory ${first.dataDirectory} is in use by another Portolan (process ${first.pid})`,
  )
  expect(answer.status).toBe(401)
})

test('a database that is down is said in one line without its password', async () => {
  const { server, port } = await occupyPort()
  await new Promise((resolve) => server.close(resolve))

  const result = await serve({ PORTOLAN_DATABASE_URL: `postgres://user:Hunter22@127.0.0.1:${port}/name` })

  expect(complaint(result)).toBe(
    `portolan: database.url: the database at 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`,
  )
})

test('a wrong configuration is said in one line, and nothing is created', async () => {
  await writeFile(path.join(directory.path, 'portolan.yaml'), 'listen:\n  prot: 8080\n')

  const result = await serve()

  expect(complaint(result)).toBe('portolan: portolan.yaml: listen.prot: there is no such key')
  expect(await readdir(directory.path)).toEqual(['portolan.yaml'])
})

test('database files of a newer PostgreSQL are refused and left alone', async () => {
  const files = path.join(directory.path, 'data', 'postgres')
  await mkdir(files, { recursive: true })
  await writeFile(path.join(files, 'PG_VERSION'), '19\n')

  const result = await serve()

  expect(complaint(result)).toBe(
    `portolan: ${files} was made by PostgreSQL 19, this Portolan brings PostgreSQL 18: use the newer Portolan`,
  )
  expect(await readdir(files)).toEqual(['PG_VERSION'])
})

test('a certificate that is not there is said in one line, and nothing is created', async () => {
  const missing = path.join(directory.path, 'none.pem')

  const result = await serve({ PORTOLAN_TLS_CERTIFICATE: missing, PORTOLAN_TLS_KEY: missing })

  expect(complaint(result)).toBe(`portolan: tls.certificate: ${missing} cannot be read (ENOENT)`)
  expect(await readdir(directory.path)).toEqual([])
})

test('an administrator password that is too weak is said in one line', async () => {
  const result = await serve({ PORTOLAN_ADMIN_PASSWORD: 'harbor' })

  expect(complaint(result)).toMatch(/^portolan: admin_password: .* 8-128/)
  expect(result.stdout + result.stderr).not.toContain('harbor')
})

test('another secret key than the one the signing key was sealed with is refused', async () => {
  const first = await startServer({ dataDirectory: directory.path })
  await first.stop()
  await writeFile(path.join(directory.path, 'secret.key'), Buffer.alloc(32, 7).toString('base64'))

  const result = await serve({ PORTOLAN_DATA_DIRECTORY: directory.path })

  expect(complaint(result)).toContain('was sealed with another secret key')
})

test('a data directory that may not be made is said in one line', async () => {
  // Nobody makes directories here, root included.
  const closed = '/sys/portolan'

  const result = await serve({ PORTOLAN_DATA_DIRECTORY: closed })

  expect(complaint(result)).toMatch(
    /^portolan: the data directory \/sys\/portolan cannot be written \(E\w+\)$/,
  )
})

test('a storage directory that may not be made is said in one line', async () => {
  const result = await serve({ PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: '/sys/portolan' })

  expect(complaint(result)).toContain('storage.filesystem.directory: /sys/portolan cannot be used: ')
})

test('a data directory that is a file is said in one line', async () => {
  const file = path.join(directory.path, 'file')
  await writeFile(file, '')

  const result = await serve({ PORTOLAN_DATA_DIRECTORY: file })

  expect(complaint(result)).toBe(`portolan: the data directory ${file} cannot be used (EEXIST)`)
})

test('a wrong secret is not repeated', async () => {
  const result = await serve({ PORTOLAN_SECRET_KEY: 'Hunter22' })

  expect(complaint(result)).toBe('portolan: PORTOLAN_SECRET_KEY (secret_key): must be 32 bytes in base64')
})
