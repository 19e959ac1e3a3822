import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

/** A group of users that an identity provider tells of. */
export const UserGroup = Type.Object({
  id: Type.Integer(),
  group_name: Type.String(),
  group_type: Type.Integer({ description: '1 LDAP, 2 HTTP, 3 OIDC.' }),
  ldap_group_dn: Type.Optional(Type.String({ description: 'Of LDAP groups.' })),
})
export type UserGroup = Static<typeof UserGroup>

export const UserGroupList = Type.Array(UserGroup)

/** What creates or renames a group. A change leaves type and distinguished name as they are. */
export const UserGroupReq = Type.Object({
  group_name: Type.Optional(Type.String()),
  group_type: Type.Optional(Type.Integer()),
  ldap_group_dn: Type.Optional(Type.String()),
})
export type UserGroupReq = Static<typeof UserGroupReq>

export const UserGroupListQuery = Type.Object({
  ...PageQuery,
  ldap_group_dn: Type.Optional(Type.String()),
  group_name: Type.Optional(Type.String({ description: 'The name contains this.' })),
})

export const UserGroupSearchQuery = Type.Object({
  ...PageQuery,
  groupname: Type.String({ description: 'The name contains this.' }),
})

/** What every signed-in user may know of a group. */
export const UserGroupSearchItem = Type.Object({
  id: Type.Integer(),
  group_name: Type.String(),
  group_type: Type.Integer(),
})
export const UserGroupSearchList = Type.Array(UserGroupSearchItem)

export const UserGroupParams = Type.Object({
  group_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})
