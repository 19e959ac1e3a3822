import Type, { type Static } from 'typebox'
import { ListQuery, PageQuery } from './paging.ts'

/** A user as administrators and he himself see him. Texts that are empty are absent. */
export const UserResp = Type.Object({
  user_id: Type.Integer(),
  username: Type.String(),
  email: Type.Optional(Type.String()),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
  sysadmin_flag: Type.Boolean(),
  admin_role_in_auth: Type.Boolean({
    description: 'Whether the administrator flag comes from the identity provider.',
  }),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type UserResp = Static<typeof UserResp>

export const UserList = Type.Array(UserResp)

export const UserCreationReq = Type.Object({
  username: Type.Optional(Type.String({ maxLength: 255 })),
  email: Type.Optional(Type.String({ maxLength: 255 })),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
})
export type UserCreationReq = Static<typeof UserCreationReq>

export const UserProfile = Type.Object({
  email: Type.Optional(Type.String({ maxLength: 255 })),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
})
export type UserProfile = Static<typeof UserProfile>

export const UserSysAdminFlag = Type.Object({ sysadmin_flag: Type.Optional(Type.Boolean()) })

export const PasswordReq = Type.Object({
  old_password: Type.Optional(Type.String()),
  new_password: Type.Optional(Type.String()),
})

export const OIDCCliSecretReq = Type.Object({ secret: Type.Optional(Type.String()) })

export const UserListQuery = Type.Object({
  ...ListQuery,
  username: Type.Optional(Type.String({ description: 'The name contains this.' })),
  email: Type.Optional(Type.String({ description: 'The e-mail address contains this.' })),
})

export const UserSearchQuery = Type.Object({
  ...PageQuery,
  username: Type.String({ description: 'The name contains this.' }),
})

/** What every signed-in user may know of another. */
export const UserSearchRespItem = Type.Object({ user_id: Type.Integer(), username: Type.String() })
export type UserSearchRespItem = Static<typeof UserSearchRespItem>
export const UserSearchList = Type.Array(UserSearchRespItem)

export const UserParams = Type.Object({
  user_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

export const PermissionQuery = Type.Object({
  scope: Type.Optional(Type.String({ description: '`/project/<id>` or `/system`' })),
  relative: Type.Optional(
    Type.Boolean({ description: 'Whether resources are named relative to the scope.' }),
  ),
})

export const Permission = Type.Object({ resource: Type.String(), action: Type.String() })
export type Permission = Static<typeof Permission>
export const PermissionList = Type.Array(Permission)

/** What a robot may be given, in the system and in a project. */
export const Permissions = Type.Object({
  system: Type.Union([PermissionList, Type.Null()], { description: 'Null for who may not give it.' }),
  project: PermissionList,
})
