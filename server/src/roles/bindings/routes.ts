import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/roles'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { callerOf } from '../routes.ts'
import type { RolesDeps } from '../service.ts'
import { bindingToWire } from '../wire.ts'
import { bindRole, listBindings, unbindRole } from './service.ts'

const ALL = '/roles/:role_id/bindings'

/** `/roles/{role_id}/bindings`: who has a role of the system. */
export function roleBindingsRoutes(deps: RolesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          operationId: 'listRoleBindings',
          params: Wire.RoleParams,
          querystring: Wire.RoleBindingQuery,
          response: { 200: Wire.RoleBindingList },
        },
        config: { permission: { system: 'role:read' } },
      },
      async (request, reply) => {
        const { params, query } = request
        const { bindings, total } = await listBindings(deps, params.role_id, toPage(query))
        sendTotal(request, reply, query, total)
        return bindings.map(bindingToWire)
      },
    )

    app.post(
      ALL,
      {
        schema: { operationId: 'createRoleBinding', params: Wire.RoleParams, body: Wire.RoleBindingReq },
        config: { permission: { system: 'role:update' } },
      },
      async (request, reply) => {
        const { params, body } = request
        const { entity_type: type, entity_id } = body
        if (type !== 'u' && type !== 'g') throw new DomainError('bad-request', 'entity_type must be u or g')
        const id = await bindRole(deps, callerOf(request), params.role_id, { type, id: entity_id })
        return reply
          .code(201)
          .header('location', `${app.prefix}/roles/${params.role_id}/bindings/${id}`)
          .send()
      },
    )

    app.delete(
      `${ALL}/:binding_id`,
      {
        schema: { operationId: 'deleteRoleBinding', params: Wire.RoleBindingParams },
        config: { permission: { system: 'role:update' } },
      },
      async (request, reply) => {
        const { role_id, binding_id } = request.params
        await unbindRole(deps, actorOf(request), role_id, binding_id)
        return reply.send()
      },
    )
  }
}
