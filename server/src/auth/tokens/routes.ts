import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  Jwks,
  OAuthError,
  OAuthTokenResponse,
  TokenForm,
  TokenQuery,
  TokenResponse,
} from '@portolan/api/token'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { Principal } from '../../access/model.ts'
import { acceptForms } from '../routes.ts'
import { type AuthDeps, loginWithBasic } from '../service.ts'
import { SERVICE } from './claims.ts'
import { issueOfflineToken, mayGoOffline, redeemOfflineToken } from './offline.ts'
import { MAX_SCOPES, parseScopes } from './scope.ts'
import { issueToken } from './service.ts'
import { tokenAnswer } from './wire.ts'

/** How long others may keep the public keys, so that a new one is known soon. Seconds. */
const JWKS_SECONDS = 60

/**
 * What lies under `/service`: the Docker registry token protocol, by GET with Basic or nothing, and by POST
 * in its OAuth2 form. The guard has told who the caller is; wrong credentials make him anonymous.
 */
export function tokenRoutes(deps: AuthDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    acceptForms(app)

    app.get(
      '/token',
      {
        schema: {
          querystring: TokenQuery,
          response: { 200: TokenResponse, 400: Type.String(), '4xx': Type.Unknown() },
        },
        config: { permission: 'anonymous' },
      },
      async (request, reply) => {
        const { service, scope, client_id, offline_token } = request.query
        const named = first(service)
        if (named !== SERVICE) return sendText(reply, 400, `Unable to handle service: ${named}`)
        const scopes = parseScopes([scope ?? []].flat())
        if (scopes.length > MAX_SCOPES) return sendText(reply, 400, `more than ${MAX_SCOPES} scopes`)
        const { principal } = request
        // Without a scope all that a token could say is who has logged in, and nobody has.
        if (scopes.length === 0 && principal.kind === 'anonymous') return reply.code(401).send('')

        const issued = await issueToken(deps, principal, scopes)
        const offline = first(offline_token) === 'true' && mayGoOffline(principal)
        return {
          ...tokenAnswer(issued),
          ...(offline ? { refresh_token: await issueOfflineToken(deps, principal, first(client_id)) } : {}),
        }
      },
    )

    app.post(
      '/token',
      {
        schema: { body: TokenForm, response: { 200: OAuthTokenResponse, '4xx': OAuthError } },
        config: { permission: 'anonymous', whileReadOnly: true },
      },
      async (request, reply) => {
        const { service, scope = '', client_id = '', access_type } = request.body
        if (service !== SERVICE)
          return refuse(reply, 400, 'invalid_request', `the service must be ${SERVICE}`)
        const scopes = parseScopes([scope])
        if (scopes.length > MAX_SCOPES)
          return refuse(reply, 400, 'invalid_scope', `more than ${MAX_SCOPES} scopes`)
        const holder = await findHolder(deps, request.body, request.ip)
        if ('error' in holder) {
          if (holder.wait !== undefined) reply.header('retry-after', Math.ceil(holder.wait / 1000))
          return refuse(reply, holder.status, holder.error, holder.text)
        }

        const { principal } = holder
        const issued = await issueToken(deps, principal, scopes)
        const again = request.body.grant_type === 'refresh_token' ? request.body.refresh_token : undefined
        const refresh =
          again ??
          (access_type === 'offline' && mayGoOffline(principal)
            ? await issueOfflineToken(deps, principal, client_id)
            : undefined)
        return {
          access_token: issued.token,
          token: issued.token,
          scope: issued.scope,
          expires_in: issued.expiresIn,
          issued_at: issued.issuedAt.toISOString(),
          ...(refresh === undefined ? {} : { refresh_token: refresh }),
        }
      },
    )

    app.register(keySetRoutes(deps, '/token/jwks.json'))
  }
}

/** The public keys, under `/service/token/jwks.json` and `/.well-known/jwks.json`. */
export function keySetRoutes(deps: Pick<AuthDeps, 'keys'>, path = '/jwks.json'): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      path,
      { schema: { response: { 200: Jwks } }, config: { permission: 'anonymous' } },
      async (_request, reply) => {
        reply.header('cache-control', `public, max-age=${JWKS_SECONDS}`)
        return { keys: (await deps.keys.published()) as Record<string, string>[] }
      },
    )
  }
}

type Holder = { principal: Principal } | { error: string; status: number; text: string; wait?: number }

const wrong = (text: string): Holder => ({ error: 'invalid_grant', status: 401, text })

/** Whom the grant of an OAuth2 request proves (RFC 6749, 4.3 and 6). */
async function findHolder(deps: AuthDeps, form: TokenForm, address: string): Promise<Holder> {
  const { grant_type, username = '', password = '', refresh_token = '' } = form
  if (grant_type === 'refresh_token') {
    const principal = await redeemOfflineToken(deps, refresh_token)
    return principal ? { principal } : wrong('the refresh token is not valid')
  }
  if (grant_type !== 'password') {
    return {
      error: 'unsupported_grant_type',
      status: 400,
      text: 'the grant type must be password or refresh_token',
    }
  }
  if (username === '') return { error: 'invalid_request', status: 400, text: 'username is required' }
  const outcome = await loginWithBasic(deps, { username, password, address })
  if (outcome.result === 'throttled') {
    return { error: 'invalid_grant', status: 429, text: 'too many wrong passwords', wait: outcome.wait }
  }
  if (outcome.result === 'wrong') return wrong('the user name or the password is wrong')
  return { principal: outcome.principal }
}

/** In OAuth2's form and in Docker's at once: each client reads its own. */
function refuse(reply: FastifyReply, status: number, error: string, text: string): FastifyReply {
  const code = status === 429 ? 'TOOMANYREQUESTS' : status === 401 ? 'UNAUTHORIZED' : 'UNSUPPORTED'
  return reply.code(status).send({ error, error_description: text, errors: [{ code, message: text }] })
}

function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text)
}

function first(value: string | string[] | undefined): string {
  return [value ?? []].flat()[0] ?? ''
}
