import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundleServer } from '../../scripts/build/bundle.ts'
import { createProject, openAsAdministrator } from '../../tests/harness/project.ts'
import { fetchToken, type Registry } from '../../tests/harness/registry.ts'
import { type RunningServer, startServer } from '../../tests/harness/server.ts'
import type { Access, Peer, RunningPeer } from './peer.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const BUILT = path.join(ROOT, 'bench/dist')
/** With a port of its own for the inspector, where that is asked to open: other servers may be measured on this machine. */
const NODE = `exec '${path.join(ROOT, 'node_modules/.bin/node')}' --inspect-port=0`
const PROJECT = 'bench'

const NAMED = {
  name: 'Portolan',
  durability: 'syncs files and their directories, and commits to PostgreSQL with synchronous_commit',
  version: async () => {
    const manifest = await readFile(path.join(ROOT, 'server/package.json'), 'utf8')
    return (JSON.parse(manifest) as { version: string }).version
  },
}

/** What only Portolan has: its server as the tests know it, for users and robots. */
export interface RunningPortolan extends RunningPeer {
  server: RunningServer
}

/**
 * Ourselves with the embedded database. Everybody must log in, and every request is checked: token, roles, quota,
 * immutability, audit and events are on, as they always are. From the sources, so that a profile names them.
 */
export const portolan = {
  ...NAMED,
  start: (directory: string) => start(directory, 'from-sources'),
} satisfies Peer

/** The same program, bundled as the published package is: what an operator waits for when it starts. */
export const portolanBundled = {
  ...NAMED,
  start: (directory: string) => start(directory, 'bundled'),
} satisfies Peer

async function start(dataDirectory: string, kind: 'from-sources' | 'bundled'): Promise<RunningPortolan> {
  const program = path.join(BUILT, kind)
  const begin = performance.now()
  const server = await startServer({ dataDirectory, program, env: { PORTOLAN_PROCESSES: 'auto' } })
  const startedAfterMs = performance.now() - begin
  const admin = openAsAdministrator(server)
  let project: Promise<unknown> | undefined

  async function open(registry: Registry, name: string, method: string, rest: string): Promise<Access> {
    project ??= ensureProject(server, admin)
    await project
    const repository = `${PROJECT}/${name}`
    const refused = await registry.as().send({ method, path: `/v2/${repository}/${rest}` })
    const token = await fetchToken(registry, refused.headers['www-authenticate'] ?? '')
    return { repository, headers: { Authorization: `Bearer ${token}` } }
  }

  return {
    server,
    url: server.url,
    pid: server.pid,
    startedAfterMs,
    open: (name) => open(admin, name, 'POST', 'blobs/uploads/'),
    openAnonymously: (name) => open(admin.as(), name, 'GET', 'tags/list'),
    openCatalog: async () => {
      const refused = await admin.as().get('/v2/_catalog')
      const token = await fetchToken(admin, refused.headers['www-authenticate'] ?? '')
      return { Authorization: `Bearer ${token}` }
    },
    printed: () => server.log(),
    stop: async () => {
      await server.stop()
    },
  }
}

/** Bundles the program and writes the two commands that start it, once for all starts. */
export async function buildPortolan(): Promise<void> {
  await bundleServer(BUILT)
  await cp(path.join(ROOT, 'server/src/platform/db/migrations'), path.join(BUILT, 'migrations'), {
    recursive: true,
  })
  const mains = {
    bundled: path.join(BUILT, 'main.js'),
    'from-sources': path.join(ROOT, 'server/src/main.ts'),
  }
  for (const [kind, main] of Object.entries(mains))
    await writeFile(path.join(BUILT, kind), `#!/bin/sh\n${NODE} '${main}' "$@"\n`, { mode: 0o755 })
}

async function ensureProject(server: RunningServer, admin: Registry): Promise<void> {
  const found = await admin.head(`/api/v2.0/projects?project_name=${PROJECT}`)
  if (found.status !== 200) await createProject(server, { name: PROJECT, public: true })
}
