import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Errors } from '@portolan/api/errors'
import { LoginForm, OidcPing, UserExists, UserExistsForm } from '@portolan/api/sessions'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { decide } from '../access/decide.ts'
import { newRandomSecret } from '../platform/crypto/random-secret.ts'
import { DomainError } from '../platform/errors.ts'
import { findUserByEmail, findUserByName } from '../users/store.ts'
import { login } from './service.ts'
import { type BrowserDeps, sessionOf, setSessionCookie } from './sessions/routes.ts'
import { endSession, startSession } from './sessions/service.ts'

/** Bytes; names and passwords are far below. */
const FORM_LIMIT = 16 * 1024
const NOT_OIDC = 'auth mode: db_auth is not OIDC based'

export interface LoginRoutesDeps extends BrowserDeps {
  /** Whether people may register themselves at this moment. */
  selfRegistration(): boolean
}

/** What lies under `/c`: how a browser logs in and out. */
export function loginRoutes(deps: LoginRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    acceptForms(app)

    app.post(
      '/login',
      {
        schema: { body: LoginForm, response: { '4xx': Type.Unknown() } },
        config: { permission: 'anonymous', whileReadOnly: true },
      },
      async (request, reply) => {
        const { principal: username = '', password = '' } = request.body
        const outcome = await login(deps, { username, password, address: request.ip })
        if (outcome.result === 'wrong') return reply.code(401).send()
        if (outcome.result === 'throttled') {
          const seconds = Math.ceil(outcome.wait / 1000)
          reply.header('retry-after', seconds)
          throw new DomainError('too-many-requests', `too many wrong passwords, try again in ${seconds} s`)
        }
        // The id is a new one, so that nobody can have planted it in the browser.
        const id = await startSession(deps, outcome.user, {
          before: sessionOf(request),
          address: request.ip,
        })
        setSessionCookie(deps, request, reply, id)
        return reply.send()
      },
    )

    app.get('/log_out', { schema: {}, config: { permission: 'anonymous' } }, async (request, reply) => {
      const id = sessionOf(request)
      if (id !== undefined) await endSession(deps, id, request.ip)
      setSessionCookie(deps, request, reply, newRandomSecret())
      return reply.send()
    })

    app.post(
      '/userExists',
      {
        // Forms need the CSRF token.
        schema: { body: UserExistsForm, refusals: [403], response: { 200: UserExists, 412: Type.String() } },
        config: { permission: 'anonymous', whileReadOnly: true },
      },
      async (request, reply) => {
        if (!deps.selfRegistration() && !decide(request.principal, 'user:list')) {
          const text = 'self registration deactivated, only sysadmin can check user existence'
          return reply.code(412).type('text/plain; charset=utf-8').send(text)
        }
        const { target, value = '' } = request.body
        if (target === 'username') return (await findUserByName(deps.db, value)) !== undefined
        if (target === 'email') return (await findUserByEmail(deps.db, value)) !== undefined
        throw new DomainError('bad-request', 'the target must be username or email')
      },
    )

    app.get(
      '/oidc/login',
      { schema: { response: { 412: Errors } }, config: { permission: 'anonymous' } },
      async (_request, reply) =>
        reply.code(412).send({ errors: [{ code: 'PRECONDITION_FAILED', message: NOT_OIDC }] }),
    )
  }
}

/** `/system/oidc/ping`, which finds no provider as long as there is no support for one. */
export function oidcRoutes(): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/system/oidc/ping',
      { schema: { body: OidcPing }, config: { permission: { system: 'configuration:update' } } },
      async () => {
        throw new DomainError('bad-request', 'failed to verify connection')
      },
    )
  }
}

/** Lets the routes of this plugin take forms: each field once, as a string. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_LIMIT },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
}
