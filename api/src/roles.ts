import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

const Word = Type.Object({ resource: Type.String(), action: Type.String() })

/** What a role allows: in the system, and in its project or, for roles of the system, in every project. */
const RolePermissions = Type.Object({ system: Type.Array(Word), project: Type.Array(Word) })

/** What members of projects, or users of the whole system, may do together. */
export const Role = Type.Object({
  id: Type.Integer({ description: '1 to 5 are built in; those that people make begin at 101.' }),
  name: Type.String(),
  description: Type.String(),
  level: Type.String({ description: '`project` or `system`.' }),
  built_in: Type.Boolean(),
  permissions: RolePermissions,
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type Role = Static<typeof Role>

export const RoleList = Type.Array(Role)

const WordReq = Type.Object({
  resource: Type.String({ maxLength: 64 }),
  action: Type.String({ maxLength: 64 }),
})

/** What makes or changes a role. A change leaves the level as it is, and what it does not name. */
export const RoleReq = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 255 })),
  description: Type.Optional(Type.String({ maxLength: 1024 })),
  level: Type.Optional(Type.String()),
  permissions: Type.Optional(
    Type.Object({
      system: Type.Optional(Type.Array(WordReq, { maxItems: 1000 })),
      project: Type.Optional(Type.Array(WordReq, { maxItems: 1000 })),
    }),
  ),
})
export type RoleReq = Static<typeof RoleReq>

export const RoleListQuery = Type.Object({
  ...PageQuery,
  name: Type.Optional(Type.String({ description: 'The name contains this.' })),
  level: Type.Optional(Type.String({ description: '`project` or `system`.' })),
})

export const RoleParams = Type.Object({
  role_id: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
})

export const RoleDeletionQuery = Type.Object({
  force: Type.Boolean({ default: false, description: 'Also where somebody has the role: he loses it.' }),
})

/** Somebody who has a role of the system. */
export const RoleBinding = Type.Object({
  id: Type.Integer(),
  role_id: Type.Integer(),
  entity_type: Type.String({ description: '`u` for a user, `g` for a group.' }),
  entity_id: Type.Integer(),
  entity_name: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
})
export type RoleBinding = Static<typeof RoleBinding>

export const RoleBindingList = Type.Array(RoleBinding)

export const RoleBindingReq = Type.Object({
  entity_type: Type.String({ description: '`u` for a user, `g` for a group.' }),
  entity_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})

export const RoleBindingQuery = Type.Object({ ...PageQuery })

export const RoleBindingParams = Type.Object({
  ...RoleParams.properties,
  binding_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})
