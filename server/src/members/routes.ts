import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/members'
import { ProjectParams } from '@portolan/api/projects'
import type { FastifyRequest } from 'fastify'
import type { GroupsDeps } from '../groups/service.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import type { Candidate, Member } from './model.ts'
import {
  addMember,
  type Caller,
  changeRole,
  getMember,
  listMembers,
  type MembersDeps,
  removeMember,
} from './service.ts'

const ALL = '/projects/:project_name_or_id/members'
const ONE = `${ALL}/:mid`

/** `/projects/{project_name_or_id}/members`. */
export function membersRoutes(deps: MembersDeps & GroupsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          params: ProjectParams,
          querystring: Wire.ProjectMemberQuery,
          response: { 200: Wire.ProjectMemberList },
        },
        config: { permission: { project: 'member:list' } },
      },
      async (request, reply) => {
        const { query, project } = request
        const { members, total } = await listMembers(deps, project.id, {
          prefix: query.entityname ?? '',
          page: toPage(query),
        })
        sendTotal(request, reply, query, total)
        return members.map(toWire)
      },
    )

    app.post(
      ALL,
      {
        schema: { params: ProjectParams, body: Wire.ProjectMember },
        config: { permission: { project: 'member:create' } },
      },
      async (request, reply) => {
        const { body, project } = request
        const member = { candidate: readCandidate(body), roleId: body.role_id }
        const id = await addMember(deps, project, member, callerOf(request))
        return reply.code(201).header('location', `${app.prefix}/projects/${project.id}/members/${id}`).send()
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.ProjectMemberParams, response: { 200: Wire.ProjectMemberEntity } },
        config: { permission: { project: 'member:read' } },
      },
      async (request) => toWire(await getMember(deps, request.project.id, request.params.mid)),
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.ProjectMemberParams, body: Wire.RoleRequest },
        config: { permission: { project: 'member:update' } },
      },
      async (request, reply) => {
        const { params, body, project } = request
        await changeRole(deps, project, params.mid, body.role_id, callerOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      { schema: { params: Wire.ProjectMemberParams }, config: { permission: { project: 'member:delete' } } },
      async (request, reply) => {
        await removeMember(deps, request.project, request.params.mid, actorOf(request))
        return reply.send()
      },
    )
  }
}

function callerOf(request: FastifyRequest): Caller {
  return { principal: request.principal, actor: actorOf(request) }
}

/** Whom a request means, where it names several in the order in which Harbor looks at them. */
function readCandidate({ member_user: user, member_group: group }: Wire.ProjectMember): Candidate {
  if (user?.user_id) return { userId: user.user_id }
  if (group?.id) return { groupId: group.id }
  if (user?.username) return { username: user.username }
  if (group?.ldap_group_dn) {
    return { ldapDn: group.ldap_group_dn, groupName: group.group_name || undefined }
  }
  if (group?.group_name) return { groupName: group.group_name }
  throw new DomainError('bad-request', 'at least one of member_user or member_group must be provided')
}

function toWire(member: Member): Wire.ProjectMemberEntity {
  return {
    id: member.id,
    project_id: member.projectId,
    entity_name: member.entityName,
    role_name: member.role.name,
    role_id: member.role.id,
    entity_id: member.entityId,
    entity_type: member.entityType,
  }
}
