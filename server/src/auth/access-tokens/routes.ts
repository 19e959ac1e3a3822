import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/access-tokens'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { epochOf } from '../../platform/http/wire-time.ts'
import { ownerOf } from '../own.ts'
import { type AccessToken, readScope } from './model.ts'
import {
  type AccessTokensDeps,
  createAccessToken,
  findAccessTokens,
  managesHimself,
  revokeAccessToken,
} from './service.ts'

const NEVER = -1

/** What a robot asks about its own, of which it has none. */
const OWN = { refusals: [412] }

/**
 * `/users/current/tokens` and `/users/{user_id}/tokens`. A user makes and revokes his own, and an administrator
 * sees and revokes anyone's. A token makes no tokens.
 */
export function accessTokensRoutes(deps: AccessTokensDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const list = { querystring: Wire.OwnListQuery, response: { 200: Wire.AccessTokenList } }
    const config = { permission: 'authenticated' } as const

    app.get(
      '/users/current/tokens',
      { schema: { ...list, ...OWN, operationId: 'listOwnAccessTokens' }, config },
      async (request, reply) => {
        const { tokens, total } = await listFor(request, undefined, request.query)
        sendTotal(request, reply, request.query, total)
        return tokens.map(toWire)
      },
    )

    app.get(
      '/users/:user_id/tokens',
      { schema: { operationId: 'listAccessTokensOfUser', ...list, params: Wire.OwnerParams }, config },
      async (request, reply) => {
        const { tokens, total } = await listFor(request, request.params.user_id, request.query)
        sendTotal(request, reply, request.query, total)
        return tokens.map(toWire)
      },
    )

    app.post(
      '/users/current/tokens',
      {
        schema: {
          operationId: 'createAccessToken',
          body: Wire.AccessTokenCreate,
          response: { 201: Wire.AccessTokenCreated },
        },
        config,
      },
      async (request, reply) => {
        if (!managesHimself(request.principal)) {
          throw new DomainError('forbidden', 'a token is made with a password or a session only')
        }
        const token = await createAccessToken(deps, readBody(request.body), actorOf(request))
        reply.code(201).header('location', `${app.prefix}/users/${token.userId}/tokens/${token.id}`)
        return {
          id: token.id,
          name: token.name,
          token: token.token,
          creation_time: token.creationTime.toISOString(),
          expires_at: epochOf(token.expiryTime),
        }
      },
    )

    app.delete(
      '/users/current/tokens/:token_id',
      { schema: { operationId: 'deleteOwnAccessToken', ...OWN, params: Wire.OwnTokenParams }, config },
      async (request, reply) => {
        const owner = ownerOf(request.principal, 'access-token:delete', undefined)
        await revokeAccessToken(deps, owner, request.params.token_id, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      '/users/:user_id/tokens/:token_id',
      { schema: { operationId: 'deleteAccessTokenOfUser', params: Wire.TokenParams }, config },
      async (request, reply) => {
        const { user_id, token_id } = request.params
        const owner = ownerOf(request.principal, 'access-token:delete', user_id)
        await revokeAccessToken(deps, owner, token_id, actorOf(request))
        return reply.send()
      },
    )
  }

  async function listFor(
    request: FastifyRequest,
    userId: number | undefined,
    query: { page: number; page_size: number },
  ) {
    const owner = ownerOf(request.principal, 'access-token:list', userId)
    return await findAccessTokens(deps, owner, toPage(query))
  }
}

function readBody(body: Wire.AccessTokenCreate) {
  const wordsOf = (permissions: { resource: string; action: string }[] | null | undefined) =>
    (permissions ?? []).map(({ resource, action }) => `${resource}:${action}`)
  const scope = readScope({
    preset: body.preset || 'custom',
    systemPermissions: wordsOf(body.system_permissions),
    projectPermissions: wordsOf(body.project_permissions),
    ...(body.project_ids ? { projectIds: body.project_ids } : {}),
  })
  const end = body.expires_at ?? NEVER
  return {
    name: body.name ?? '',
    scope,
    ...(end === NEVER ? {} : { expiryTime: new Date(end * 1000) }),
  }
}

function toWire(token: AccessToken): Wire.AccessToken {
  const { preset, projectIds } = token
  return {
    id: token.id,
    name: token.name,
    preset,
    ...(projectIds ? { project_ids: [...projectIds] } : {}),
    ...(preset === 'custom'
      ? {
          system_permissions: token.systemPermissions.map(toPermission),
          project_permissions: token.projectPermissions.map(toPermission),
        }
      : {}),
    creation_time: token.creationTime.toISOString(),
    expires_at: epochOf(token.expiryTime),
    ...(token.lastUseTime ? { last_use_time: token.lastUseTime.toISOString() } : {}),
  }
}

function toPermission(word: string) {
  const [resource = '', action = ''] = word.split(':')
  return { resource, action }
}
