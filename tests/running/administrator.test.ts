import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { openRegistry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'
import { complaint, portolan, serveOnTerminal } from './portolan.ts'

let server: RunningServer | undefined

afterEach(async () => {
  await server?.dispose()
  server = undefined
})

async function startWithGeneratedPassword(): Promise<RunningServer> {
  server = await startServer({ env: { PORTOLAN_ADMIN_PASSWORD: '' } })
  return server
}

async function logsIn(url: string, password: string, username = 'admin'): Promise<boolean> {
  const answer = await openRegistry(url, { username, password }).send({ path: '/api/v2.0/users/current' })
  return answer.status === 200
}

function resetPassword(on: RunningServer, args: string[] = [], input = '') {
  const env = { PORTOLAN_DATA_DIRECTORY: on.dataDirectory }
  return portolan(['admin', 'reset-password', ...args], { cwd: on.dataDirectory, env, input })
}

test('without a terminal the generated password goes to a file for its owner alone, and not to the log', async () => {
  const running = await startWithGeneratedPassword()
  const file = path.join(running.dataDirectory, 'admin-password')

  const password = (await readFile(file, 'utf8')).trim()

  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await logsIn(running.url, password)).toBe(true)
  expect(running.log()).toContain(file)
  expect(running.log()).not.toContain(password)
})

test('a later start leaves the administrator and the file alone', async () => {
  const running = await startWithGeneratedPassword()
  const file = path.join(running.dataDirectory, 'admin-password')
  const password = (await readFile(file, 'utf8')).trim()

  await running.restart({ PORTOLAN_ADMIN_PASSWORD: 'An0ther-password' })

  expect(await logsIn(running.url, password)).toBe(true)
  expect(await logsIn(running.url, 'An0ther-password')).toBe(false)
})

test('with PORTOLAN_ADMIN_PASSWORD there is no file', async () => {
  server = await startServer()

  expect(await logsIn(server.url, server.adminPassword)).toBe(true)
  expect(existsSync(path.join(server.dataDirectory, 'admin-password'))).toBe(false)
})

test('reset-password works while the server is stopped', async () => {
  const running = await startWithGeneratedPassword()
  await running.stop()

  const result = await resetPassword(running)
  await running.restart()

  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(await logsIn(running.url, result.stdout.trim())).toBe(true)
})

test('reset-password works while the server runs, which hears of it within seconds', async () => {
  const running = await startWithGeneratedPassword()
  const before = (await readFile(path.join(running.dataDirectory, 'admin-password'), 'utf8')).trim()
  expect(await logsIn(running.url, before)).toBe(true)

  const result = await resetPassword(running)

  expect(result.code).toBe(0)
  expect(await logsIn(running.url, result.stdout.trim())).toBe(true)
  await expect.poll(() => logsIn(running.url, before)).toBe(false)
})

test('reset-password takes a password from standard input and does not repeat it', async () => {
  const running = await startWithGeneratedPassword()

  const result = await resetPassword(running, ['--stdin'], 'Chosen-by-me-1\n')

  expect(result.code).toBe(0)
  expect(result.stdout + result.stderr).not.toContain('Chosen-by-me-1')
  expect(await logsIn(running.url, 'Chosen-by-me-1')).toBe(true)
})

test('reset-password refuses a weak password and an unknown user in one line', async () => {
  const running = await startWithGeneratedPassword()

  const weak = await resetPassword(running, ['--stdin'], 'weak\n')
  const unknown = await resetPassword(running, ['--username', 'nobody'])

  expect(complaint(weak)).toContain('8-128')
  expect(complaint(unknown)).toBe('portolan: user nobody not found')
})

test('reset-password creates nothing where there is no database yet', async () => {
  const running = await startWithGeneratedPassword()
  const empty = path.join(running.dataDirectory, 'elsewhere')

  const result = await portolan(['admin', 'reset-password'], {
    cwd: running.dataDirectory,
    env: { PORTOLAN_DATA_DIRECTORY: empty },
  })

  expect(complaint(result)).toBe(`portolan: there is no database in ${empty} yet: portolan serve makes it`)
  expect(existsSync(empty)).toBe(false)
})

test('check-config shows what is in force and no secret', async () => {
  const result = await portolan(['check-config'], {
    cwd: '/',
    env: {
      PORTOLAN_ADMIN_PASSWORD: 'Hunter22-of-admin',
      PORTOLAN_DATABASE_URL: 'postgres://user:Hunter22@db.example.com/name',
      PORTOLAN_EXTERNAL_URL: 'https://registry.example.com',
    },
  })

  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(result.stdout).toContain('url: postgres://user:***@db.example.com/name')
  expect(result.stdout).toContain('admin_password: "***"')
  expect(result.stdout).not.toContain('Hunter22')
})

test('help and version need no configuration', async () => {
  const env = { PORTOLAN_NONSENSE: '1' }

  const help = await portolan(['help'], { cwd: '/', env })
  const version = await portolan(['version'], { cwd: '/', env })

  expect(help.stdout).toContain('portolan admin reset-password')
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('keys rotate publishes another key, and the former one stays until its tokens have expired', async () => {
  server = await startServer()
  const { url, dataDirectory } = server
  const kids = async () => {
    const { keys } = (await (await fetch(`${url}/service/token/jwks.json`)).json()) as {
      keys: { kid: string }[]
    }
    return keys.map((key) => key.kid)
  }
  const [before = ''] = await kids()

  const result = await portolan(['keys', 'rotate'], {
    cwd: dataDirectory,
    env: { PORTOLAN_DATA_DIRECTORY: dataDirectory },
  })

  expect(result.code).toBe(0)
  await expect.poll(async () => (await kids()).sort()).toEqual([before, result.stdout.trim()].sort())
})

test('on a terminal the generated password is shown once, and there is no file', async () => {
  const directory = await temporaryDirectory('terminal')
  const serve = () => serveOnTerminal(directory.path)

  const first = await serve()
  const [, password = ''] = /the password (\S+)/.exec(first.output) ?? []
  const works = await logsIn(first.url, password)
  await first.stop()
  const second = await serve()
  await second.stop()
  const files = await readdir(directory.path)
  await directory.remove()

  expect(works).toBe(true)
  expect(first.output.split(password)).toHaveLength(2)
  expect(first.output).toContain(`Portolan is ready: ${first.url}`)
  expect(second.output).not.toContain('password')
  expect(files).not.toContain('admin-password')
})
