import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/access-tokens'
import type { FastifyRequest } from 'fastify'
import { sendTotal, toPage } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../platform/http/principal.ts'
import { epochOf } from '../../../platform/http/wire-time.ts'
import { ownerOf } from '../../own.ts'
import { sessionOf } from '../routes.ts'
import type { SessionsDeps } from '../service.ts'
import type { ListedSession } from '../store.ts'
import { findSessions, revokeSession } from './service.ts'

/** What a robot asks about its own, of which it has none. */
const OWN = { refusals: [412] }

/** `/users/current/sessions` and `/users/{user_id}/sessions`: one's own, and anyone's for an administrator. */
export function sessionsRoutes(deps: SessionsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const list = { querystring: Wire.OwnListQuery, response: { 200: Wire.SessionList } }
    const config = { permission: 'authenticated' } as const

    app.get(
      '/users/current/sessions',
      { schema: { ...list, ...OWN, operationId: 'listOwnSessions' }, config },
      async (request, reply) => {
        const { sessions, total } = await listFor(request, undefined, request.query)
        sendTotal(request, reply, request.query, total)
        return sessions.map(toWire)
      },
    )

    app.get(
      '/users/:user_id/sessions',
      { schema: { operationId: 'listSessionsOfUser', ...list, params: Wire.OwnerParams }, config },
      async (request, reply) => {
        const { sessions, total } = await listFor(request, request.params.user_id, request.query)
        sendTotal(request, reply, request.query, total)
        return sessions.map(toWire)
      },
    )

    app.delete(
      '/users/current/sessions/:session_id',
      { schema: { operationId: 'endOwnSession', ...OWN, params: Wire.OwnSessionParams }, config },
      async (request, reply) => {
        const owner = ownerOf(request.principal, 'session:delete', undefined)
        await revokeSession(deps, owner, request.params.session_id, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      '/users/:user_id/sessions/:session_id',
      { schema: { operationId: 'endSessionOfUser', params: Wire.SessionParams }, config },
      async (request, reply) => {
        const { user_id, session_id } = request.params
        const owner = ownerOf(request.principal, 'session:delete', user_id)
        await revokeSession(deps, owner, session_id, actorOf(request))
        return reply.send()
      },
    )
  }

  async function listFor(
    request: FastifyRequest,
    userId: number | undefined,
    query: { page: number; page_size: number },
  ) {
    const owner = ownerOf(request.principal, 'session:list', userId)
    const secret = request.headers.authorization === undefined ? sessionOf(request) : undefined
    return await findSessions(deps, owner, secret, toPage(query))
  }
}

function toWire({ id, current, address, creationTime, expiryTime }: ListedSession): Wire.Session {
  return {
    id,
    current,
    address,
    creation_time: creationTime.toISOString(),
    expires_at: epochOf(expiryTime),
  }
}
