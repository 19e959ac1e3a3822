import { randomBytes } from 'node:crypto'
import { disagreements } from '../scrub/disagreements.ts'
import { temporaryDirectory } from './directory.ts'
import { type ReverseProxy, startNginx } from './nginx.ts'
import { freePort } from './port.ts'
import { startDatabase } from './postgres.ts'
import { administrator, openAsAdministrator } from './project.ts'
import { openRegistry, type Registry } from './registry.ts'
import { type RunningServer, startServer } from './server.ts'

/** Servers on one database and one directory, and nginx in front, which knows nothing of sessions. */
export interface Replicas {
  servers: RunningServer[]
  /** The administrator at each of them. */
  each: Registry[]
  proxy: ReverseProxy
  /** The administrator at nginx, each request with whoever's turn it is. */
  anywhere: Registry
  /** In what store and database disagree, as `portolan scrub --report` finds by reading everything. */
  disagreements(): Promise<string[]>
  dispose(): Promise<void>
}

export async function startReplicas(
  nginx: string,
  count: number,
  settings: Record<string, string> = {},
): Promise<Replicas> {
  const database = await startDatabase()
  const storage = await temporaryDirectory('storage')
  const port = await freePort()
  const env = {
    PORTOLAN_DATABASE_URL: database.url,
    PORTOLAN_DATABASE_MAX_CONNECTIONS: '15',
    PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: storage.path,
    PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
    PORTOLAN_EXTERNAL_URL: `http://127.0.0.1:${port}`,
    PORTOLAN_TRUSTED_PROXIES: '127.0.0.1/32',
    ...settings,
  }
  const servers = await Promise.all(Array.from({ length: count }, () => startServer({ env })))
  const [first] = servers as [RunningServer]
  const upstreams = servers.map(({ url }) => url)
  const proxy = await startNginx(nginx, { port, upstream: () => first.url, upstreams })

  return {
    servers,
    each: servers.map(openAsAdministrator),
    proxy,
    anywhere: openRegistry(proxy.url, administrator(first)),
    disagreements: () => disagreements(first.dataDirectory, env),
    async dispose() {
      await proxy.stop()
      await Promise.all(servers.map((server) => server.dispose()))
      await database.stop()
      await storage.remove()
    },
  }
}
