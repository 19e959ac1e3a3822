import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type TemporaryDirectory, temporaryDirectory } from '../harness/directory.ts'
import { startDatabase } from '../harness/postgres.ts'
import { openAsAdministrator } from '../harness/project.ts'
import type { Registry } from '../harness/registry.ts'
import { type RunningServer, startServer } from '../harness/server.ts'

/** One process that answers and one that runs jobs, on one database, which the tests look into. */
export interface JobSite {
  web: RunningServer
  worker: RunningServer
  admin: Registry
  databaseUrl: string
  storage: TemporaryDirectory
  ask<Row extends object = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<Row[]>
  send(method: string, path: string, body: object): Promise<{ status: number; location: string }>
  dispose(): Promise<void>
}

export async function startJobSite(settings: Record<string, string>): Promise<JobSite> {
  const database = await startDatabase()
  const storage = await temporaryDirectory('storage')
  const env = {
    PORTOLAN_DATABASE_URL: database.url,
    PORTOLAN_STORAGE_FILESYSTEM_DIRECTORY: storage.path,
    PORTOLAN_SECRET_KEY: randomBytes(32).toString('base64'),
    ...settings,
  }
  const web = await startServer({ env: { ...env, PORTOLAN_ROLES: 'web' } })
  const worker = await startServer({ env: { ...env, PORTOLAN_ROLES: 'worker' } })
  const admin = openAsAdministrator(web)
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })

  return {
    web,
    worker,
    admin,
    databaseUrl: database.url,
    storage,
    async ask<Row>(statement: string, values: unknown[] = []) {
      return (await pool.query(statement, values)).rows as Row[]
    },
    async send(method, path, body) {
      const headers = { 'Content-Type': 'application/json' }
      const answer = await admin.send({
        method,
        path: `/api/v2.0/${path}`,
        headers,
        body: JSON.stringify(body),
      })
      return { status: answer.status, location: answer.headers.location ?? '' }
    },
    async dispose() {
      await pool.end()
      await worker.dispose()
      await web.dispose()
      await database.stop()
      await storage.remove()
    },
  }
}
