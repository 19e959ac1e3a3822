import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pushChart } from '../harness/chart.ts'
import { succeed } from '../harness/command.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { send } from '../harness/http.ts'
import { openRegistry } from '../harness/registry.ts'
import { openRepository } from '../harness/repository.ts'
import { startServer } from '../harness/server.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** The surroundings of somebody who has never seen this checkout: none of its npm, none of its tools. */
const outside = {
  ...Object.fromEntries(
    Object.keys(process.env).flatMap((name) => (/^npm_/i.test(name) ? [[name, undefined]] : [])),
  ),
  INIT_CWD: undefined,
  PATH: (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .join(path.delimiter),
}

describe('the published package', () => {
  let folder: TemporaryDirectory
  let installed: string

  beforeAll(async () => {
    folder = await temporaryDirectory('package')
    const inside = { cwd: folder.path, env: outside }
    await succeed('npm', ['pack', '--silent', '--pack-destination', folder.path, '--workspace', 'server'], {
      cwd: root,
      env: { ...outside, PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${outside.PATH}` },
    })
    const [tarball = ''] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'))
    await writeFile(path.join(folder.path, 'package.json'), '{ "private": true }')
    await succeed('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`], inside)
    installed = path.join(folder.path, 'node_modules/portolan')
  }, 600_000)

  afterAll(() => folder?.remove())

  test('is compiled: it holds no TypeScript', async () => {
    const files = await readdir(installed, { recursive: true })

    const own = files.filter((file) => !file.startsWith('node_modules'))

    expect(own).toContain('dist/main.js')
    expect(own).toContain('LICENSE')
    expect(own.filter((file) => file.endsWith('.ts'))).toEqual([])
  })

  test('says its version', async () => {
    const { version } = JSON.parse(await readFile(path.join(root, 'server/package.json'), 'utf8')) as {
      version: string
    }

    const printed = await succeed('npx', ['--no-install', 'portolan', 'version'], {
      cwd: folder.path,
      env: outside,
    })

    expect(printed.trim()).toBe(version)
  })

  test('reads charts in a thread of its own', async () => {
    const server = await startServer({
      program: path.join(folder.path, 'node_modules/.bin/portolan'),
      env: { PATH: outside.PATH },
    })
    try {
      const registry = openRegistry(server.url, { username: 'admin', password: server.adminPassword })
      const chart = 'dependencies: [{name: base, version: 1.0.0}]'
      await pushChart(openRepository(registry, 'library/chart'), { 'Chart.yaml': chart })

      const answer = await registry.get(
        '/api/v2.0/projects/library/repositories/chart/artifacts/v1/additions/dependencies',
      )

      expect(answer.body.toString()).toBe('[{"name":"base","version":"1.0.0"}]')
    } finally {
      await server.dispose()
    }
  })

  test('serves the API and the portal from one process, and stops on SIGTERM', async () => {
    const server = await startServer({
      program: path.join(folder.path, 'node_modules/.bin/portolan'),
      env: { PATH: outside.PATH },
    })
    try {
      const ping = await send(server.url, { path: '/api/v2.0/ping' })
      const page = await send(server.url, { path: '/', headers: { accept: 'text/html' } })
      const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page.body.toString()) ?? []
      const asset = await send(server.url, { path: script })

      expect(ping.body.toString()).toBe('Pong')
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect([asset.status, asset.body.length > 10_000]).toEqual([200, true])
      // The process that was started is the program itself: no launcher stays behind to swallow signals.
      expect(await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).toContain('dist/main.js')
      expect(await server.stop()).toBe(0)
    } finally {
      await server.dispose()
    }
  })
})
