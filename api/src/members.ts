import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'

/** One member of a project: a user or a group with its role. */
export const ProjectMemberEntity = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  entity_name: Type.String(),
  role_name: Type.String(),
  role_id: Type.Integer(),
  entity_id: Type.Integer(),
  entity_type: Type.String({ description: '`u` for a user, `g` for a group.' }),
})
export type ProjectMemberEntity = Static<typeof ProjectMemberEntity>

export const ProjectMemberList = Type.Array(ProjectMemberEntity)

/** What adds a member: a user by id or name, or a group. */
export const ProjectMember = Type.Object({
  role_id: Type.Optional(Type.Integer()),
  member_user: Type.Optional(
    Type.Object({
      user_id: Type.Optional(Type.Integer()),
      username: Type.Optional(Type.String({ maxLength: 255 })),
    }),
  ),
  member_group: Type.Optional(
    Type.Object({
      id: Type.Optional(Type.Integer()),
      group_name: Type.Optional(Type.String({ maxLength: 255 })),
      group_type: Type.Optional(Type.Integer()),
      ldap_group_dn: Type.Optional(Type.String({ maxLength: 512 })),
    }),
  ),
})
export type ProjectMember = Static<typeof ProjectMember>

export const RoleRequest = Type.Object({ role_id: Type.Optional(Type.Integer()) })

export const ProjectMemberQuery = Type.Object({
  ...PageQuery,
  entityname: Type.Optional(Type.String({ description: 'The name of the user or group starts with this.' })),
})

export const ProjectMemberParams = Type.Object({
  ...ProjectParams.properties,
  mid: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})
