import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createProject, openAsAdministrator } from '../../tests/harness/project.ts'
import { fetchToken } from '../../tests/harness/registry.ts'
import { startServer } from '../../tests/harness/server.ts'
import type { Peer } from './peer.ts'

const manifest = path.resolve(import.meta.dirname, '../../server/package.json')

/** Ourselves, as `npm start` runs us: with the embedded database, and everybody must log in. */
export const portolan: Peer = {
  name: 'Portolan',
  version: async () => (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version,
  start: async (dataDirectory) => {
    const begin = performance.now()
    const server = await startServer({ dataDirectory })
    const startedAfterMs = performance.now() - begin

    return {
      url: server.url,
      pid: server.pid,
      startedAfterMs,
      prepare: async () => {
        const { name } = await createProject(server)
        const repository = `${name}/bench`
        const registry = openAsAdministrator(server)
        const refused = await registry.as().send({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
        const token = await fetchToken(registry, refused.headers['www-authenticate'] ?? '')
        return { repository, headers: { Authorization: `Bearer ${token}` } }
      },
      stop: async () => {
        await server.stop()
      },
    }
  },
}
