import { chmod, chown, mkdir, readdir, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { processTree } from './processes.ts'

let directory: TemporaryDirectory
let server: RunningServer | undefined

beforeEach(async () => {
  directory = await temporaryDirectory('place')
  server = undefined
})

afterEach(async () => {
  await server?.dispose()
  await directory.remove()
})

async function ping(running: RunningServer): Promise<number> {
  return (await fetch(`${running.url}/api/v2.0/ping`)).status
}

test('a data directory below directories that only their owner may enter', async () => {
  const closed = path.join(directory.path, 'closed')
  const dataDirectory = path.join(closed, 'data')
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  await chmod(closed, 0o700)

  server = await startServer({ dataDirectory })

  expect(await ping(server)).toBe(200)
})

test('a data directory with a path too long for a socket', async () => {
  const dataDirectory = path.join(directory.path, 'x'.repeat(100), 'y'.repeat(100))
  await mkdir(dataDirectory, { recursive: true })

  server = await startServer({ dataDirectory })

  expect(await ping(server)).toBe(200)
})

test('a data directory with spaces and quotes in its name, behind a symbolic link', async () => {
  const target = path.join(directory.path, `it's "here", $HOME`)
  const dataDirectory = path.join(directory.path, 'a link')
  await mkdir(target)
  await symlink(target, dataDirectory)

  server = await startServer({ dataDirectory })
  await server.kill()
  await server.restart()

  expect(await ping(server)).toBe(200)
})

// As another user, PostgreSQL simply runs as that one.
if (process.getuid?.() === 0) {
  test('started by root, the database runs as somebody else and only he and root may read it', async () => {
    server = await startServer({ dataDirectory: directory.path })
    const [, ...below] = await processTree(server.pid)

    const owners = await Promise.all(below.map(async (pid) => (await stat(`/proc/${pid}`)).uid))
    const files = await stat(path.join(directory.path, 'postgres'))

    expect(owners.length).toBeGreaterThan(4)
    expect(owners).not.toContain(0)
    expect(files.mode & 0o077).toBe(0)
    expect(new Set(owners)).toEqual(new Set([files.uid]))
  })

  test('started by root on the files of another user, the database runs as that one', async () => {
    const anybody = 54_321
    server = await startServer({ dataDirectory: directory.path })
    await server.stop()
    await chownAll(path.join(directory.path, 'postgres'), anybody)

    await server.restart()

    expect(await ping(server)).toBe(200)
  })
}

async function chownAll(root: string, uid: number): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) await chown(path.join(root, name), uid, uid)
  await chown(root, uid, uid)
}
