import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/roles'
import type { FastifyRequest } from 'fastify'
import { decide } from '../access/decide.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { checkLevel } from './model.ts'
import {
  type Caller,
  changeRole,
  createRole,
  getRole,
  listRoles,
  type RolesDeps,
  removeRole,
} from './service.ts'
import { changeOf, toWire, wordsOf } from './wire.ts'

const ONE = '/roles/:role_id'

/** `/roles`. Whoever has signed in may know the roles of projects, so that he can give them to members. */
export function rolesRoutes(deps: RolesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/roles',
      {
        schema: {
          operationId: 'listRoles',
          querystring: Wire.RoleListQuery,
          response: { 200: Wire.RoleList },
        },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => {
        const { query } = request
        const asked = query.level === undefined ? undefined : checkLevel(query.level)
        const seesAll = decide(request.principal, 'role:list')
        if (asked === 'system' && !seesAll) throw new DomainError('forbidden', 'forbidden')
        const filter = { name: query.name, level: seesAll ? asked : ('project' as const) }
        const { roles, total } = await listRoles(deps, filter, toPage(query))
        sendTotal(request, reply, query, total)
        return roles.map(toWire)
      },
    )

    app.post(
      '/roles',
      {
        schema: { operationId: 'createRole', body: Wire.RoleReq },
        config: { permission: { system: 'role:create' } },
      },
      async (request, reply) => {
        const { body } = request
        const { name = '', description = '' } = body
        const input = { name, description, level: checkLevel(body.level), words: wordsOf(body) }
        const id = await createRole(deps, callerOf(request), input)
        return reply.code(201).header('location', `${app.prefix}/roles/${id}`).send()
      },
    )

    app.get(
      ONE,
      {
        schema: { operationId: 'getRole', params: Wire.RoleParams, response: { 200: Wire.Role } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        const role = await getRole(deps, request.params.role_id)
        if (role.level === 'system' && !decide(request.principal, 'role:read')) {
          throw new DomainError('not-found', `role ${role.id} not found`)
        }
        return toWire(role)
      },
    )

    app.put(
      ONE,
      {
        schema: { operationId: 'updateRole', params: Wire.RoleParams, body: Wire.RoleReq },
        config: { permission: { system: 'role:update' } },
      },
      async (request, reply) => {
        await changeRole(deps, callerOf(request), request.params.role_id, changeOf(request.body))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { operationId: 'deleteRole', params: Wire.RoleParams, querystring: Wire.RoleDeletionQuery },
        config: { permission: { system: 'role:delete' } },
      },
      async (request, reply) => {
        await removeRole(deps, actorOf(request), request.params.role_id, request.query.force)
        return reply.send()
      },
    )
  }
}

/** Who asks, for what depends on what he may do himself. */
export function callerOf(request: FastifyRequest): Caller {
  return { principal: request.principal, actor: actorOf(request) }
}
