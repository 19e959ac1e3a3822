import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { pino } from 'pino'
import { decide, decideEverywhere } from '../access/decide.ts'
import type { ProjectContext } from '../access/model.ts'
import { accessRoutes } from '../access/routes.ts'
import { surpassesInProjects } from '../members/surpassing.ts'
import { type SecretBox, secretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import { restPlugin } from '../platform/http/rest.ts'
import { DEFAULT_PREFIX } from '../robots/model.ts'
import { findGrants } from '../roles/bindings/service.ts'
import type { Settings } from '../settings/settings.ts'
import { settingsOf } from '../settings/testing.ts'
import { createPasswords } from '../users/passwords.ts'
import { usersRoutes } from '../users/routes.ts'
import { accessTokensRoutes } from './access-tokens/routes.ts'
import { loginRoutes, oidcRoutes } from './routes.ts'
import { type AuthDeps, createAuth, forgetUser, login } from './service.ts'
import { sessionsRoutes } from './sessions/managing/routes.ts'
import { isFromBrowser, restAuthentication } from './sessions/routes.ts'
import type { FindProject } from './tokens/grant.ts'
import { keySetRoutes, tokenRoutes } from './tokens/routes.ts'

/** For database tests: the clock that everything goes by, and projects without a slice of them. */
export interface World {
  auth: AuthDeps
  box: SecretBox
  /** Moves the clock. */
  pass(seconds: number): void
  /** Another process on the same database, with the same secret key and clock. */
  another(): AuthDeps
}

const passwords = createPasswords()
const log = pino({ level: 'silent' })

export function createWorld(db: Database, findProject: FindProject): World {
  // Behind what the database writes by its own clock, whatever the test does.
  let time = Date.now()
  const box = secretBox(randomBytes(32))
  const another = () =>
    createAuth({
      db,
      prepared: db,
      log,
      passwords,
      box,
      findProject,
      tokenMinutes: () => 30,
      offlineTokenDays: 90,
      sessionMinutes: () => 60,
      robotNamePrefix: () => DEFAULT_PREFIX,
      now: () => new Date(time),
    })
  return {
    auth: another(),
    box,
    another,
    pass(seconds) {
      time += seconds * 1000
    },
  }
}

/** Projects of these names; `roles` by user name. */
export function projectsOf(
  projects: Record<string, ProjectContext & { roleOf?: Record<string, ProjectContext['roles'][number]> }>,
): FindProject {
  return async (principal, name) => {
    const project = projects[name]
    if (!project) return undefined
    const role = principal.kind === 'user' ? project.roleOf?.[principal.username] : undefined
    return { id: project.id, public: project.public, roles: role ? [role] : [] }
  }
}

/** The whole of this slice and of `users` behind HTTP, as `app/` puts it together. */
export async function createApp(
  auth: AuthDeps,
  externalUrl?: string,
  settings: Settings = settingsOf(),
): Promise<FastifyInstance> {
  const selfRegistration = () => settings.get('self_registration')
  const app = Fastify()
  const rest = {
    https: false,
    authenticate: restAuthentication({ ...auth, externalUrl }),
    projectContext: () => Promise.resolve(undefined),
    decide,
    decideEverywhere,
  }
  const users = {
    db: auth.db,
    findGrants,
    surpassesInProjects,
    mayRegister: (request: FastifyRequest) => selfRegistration() && isFromBrowser(request),
    passwords,
    onUserChanged: (id: number) => forgetUser(auth, id),
    confirmPassword: async (username: string, password: string, address: string) =>
      (await login(auth, { username, password, address })).result === 'accepted',
  }
  const api = [
    usersRoutes(users),
    accessRoutes({ ...rest, participations: async () => [] }),
    oidcRoutes(),
    accessTokensRoutes(auth),
    sessionsRoutes(auth),
  ]
  await app.register(restPlugin({ ...rest, routes: api }), { prefix: '/api/v2.0' })
  await app.register(
    restPlugin({ ...rest, routes: [loginRoutes({ ...auth, externalUrl, selfRegistration })] }),
    {
      prefix: '/c',
    },
  )
  await app.register(restPlugin({ ...rest, routes: [tokenRoutes(auth)] }), { prefix: '/service' })
  await app.register(restPlugin({ ...rest, routes: [keySetRoutes(auth)] }), { prefix: '/.well-known' })
  return app
}
