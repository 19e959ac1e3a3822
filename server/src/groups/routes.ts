import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/usergroups'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Group, normalDn } from './model.ts'
import { createGroup, deleteGroup, type GroupsDeps, getGroup, listGroups, renameGroup } from './service.ts'

const ONE = '/usergroups/:group_id'

/** `/usergroups`. */
export function groupsRoutes(deps: GroupsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/usergroups',
      {
        schema: { querystring: Wire.UserGroupListQuery, response: { 200: Wire.UserGroupList } },
        config: { permission: { system: 'user-group:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const filter = {
          name: query.group_name,
          ldapDn: query.ldap_group_dn && normalDn(query.ldap_group_dn),
        }
        const { groups, total } = await listGroups(deps, filter, 'name', toPage(query))
        sendTotal(request, reply, query, total)
        return groups.map(toWire)
      },
    )

    app.post(
      '/usergroups',
      { schema: { body: Wire.UserGroupReq }, config: { permission: { system: 'user-group:create' } } },
      async (request, reply) => {
        const { group_name: name = '', group_type: type = 0, ldap_group_dn: ldapDn } = request.body
        const id = await createGroup(deps, { name, type, ldapDn }, actorOf(request))
        return reply.code(201).header('location', `${app.prefix}/usergroups/${id}`).send()
      },
    )

    app.get(
      '/usergroups/search',
      {
        schema: { querystring: Wire.UserGroupSearchQuery, response: { 200: Wire.UserGroupSearchList } },
        config: { permission: { system: 'user-group:search' } },
      },
      async (request, reply) => {
        const { query } = request
        const { groups, total } = await listGroups(deps, { name: query.groupname }, 'length', toPage(query))
        sendTotal(request, reply, query, total)
        return groups.map(({ id, name, type }) => ({ id, group_name: name, group_type: type }))
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.UserGroupParams, response: { 200: Wire.UserGroup } },
        config: { permission: { system: 'user-group:read' } },
      },
      async (request) => toWire(await getGroup(deps, checkId(request.params.group_id))),
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.UserGroupParams, body: Wire.UserGroupReq },
        config: { permission: { system: 'user-group:update' } },
      },
      async (request, reply) => {
        const id = checkId(request.params.group_id)
        await renameGroup(deps, id, request.body.group_name ?? '', actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { params: Wire.UserGroupParams },
        config: { permission: { system: 'user-group:delete' } },
      },
      async (request, reply) => {
        await deleteGroup(deps, checkId(request.params.group_id), actorOf(request))
        return reply.send()
      },
    )
  }
}

function checkId(id: number): number {
  if (id === 0) throw new DomainError('bad-request', 'the group id should be provided')
  return id
}

function toWire({ id, name, type, ldapDn }: Group): Wire.UserGroup {
  return {
    id,
    group_name: name,
    group_type: type,
    ...(ldapDn === undefined ? {} : { ldap_group_dn: ldapDn }),
  }
}
