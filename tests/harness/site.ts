import { afterAll, afterEach, beforeAll } from 'vitest'
import { createProject, openAsAdministrator, type Project, uniqueName } from './project.ts'
import { openRegistry, type Registry } from './registry.ts'
import { openRepository, type Repository } from './repository.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'

/** Another registry to run the OCI suite against: `http://name:password@host:port/project`. */
const elsewhere = process.env.PORTOLAN_TEST_REGISTRY

export interface Site {
  /** The registry, asked by somebody who may do everything in the project. */
  readonly registry: Registry
  readonly project: string
  /** Host and port, as clients write them in front of a name. */
  readonly host: string
  /** The project as an object of the REST interface; there is none in another registry. */
  projectOnServer(): Promise<Project>
  /** A repository of the project that nobody has used yet. */
  newRepository(): Repository
  /** The server under test; there is none when the suite runs against another registry. */
  readonly server: RunningServer
}

/** One server for all tests of a file, with one private project. */
export function useSite(options: ServerOptions = {}): Site {
  let registry: Registry | undefined
  let server: RunningServer | undefined
  let project = ''
  let created: Project | undefined

  beforeAll(async () => {
    if (elsewhere !== undefined) {
      const url = new URL(elsewhere)
      const credentials = { username: url.username, password: url.password }
      registry = openRegistry(url.origin, url.username === '' ? undefined : credentials)
      project = url.pathname.slice(1)
      return
    }
    server = await startServer(options)
    created = await createProject(server)
    project = created.name
    registry = openAsAdministrator(server)
  })

  afterEach(({ task }) => {
    if (task.result?.state === 'fail' && server !== undefined) {
      process.stderr.write(`the server's last words:\n${lastLines(server.log(), 40)}\n`)
    }
  })

  afterAll(async () => {
    await server?.dispose()
  })

  return {
    get registry() {
      return started(registry)
    },
    get project() {
      return project
    },
    get host() {
      return new URL(started(registry).url).host
    },
    get server() {
      return started(server)
    },
    projectOnServer: async () => started(created),
    newRepository: () => openRepository(started(registry), `${project}/conformance/${uniqueName('repo')}`),
  }
}

/** The end of what a server has printed, for the report of a failure. */
function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}

function started<T>(part: T | undefined): T {
  if (part === undefined) {
    throw new Error('there is no server of our own, or it is not started yet')
  }
  return part
}
