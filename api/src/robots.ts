import Type, { type Static } from 'typebox'
import { ListQuery, PageQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

const Access = Type.Object({
  resource: Type.String(),
  action: Type.String(),
  effect: Type.Optional(Type.String({ description: 'Nothing or `allow`.' })),
})

/** What a robot may do in one place. */
const RobotPermission = Type.Object({
  kind: Type.String({ description: '`system` or `project`' }),
  namespace: Type.String({ description: 'The name of a project, `*` for all of them; `/` for the system.' }),
  access: Type.Array(Access),
})

/** A robot account. A description that is empty is absent, and secrets are never shown again. */
export const Robot = Type.Object({
  id: Type.Integer(),
  name: Type.String({ description: 'The name that it logs in with.' }),
  description: Type.Optional(Type.String()),
  level: Type.String({ description: '`system` or `project`' }),
  duration: Type.Integer({ description: 'Days from the creation on, -1 for ever.' }),
  editable: Type.Boolean(),
  disable: Type.Boolean(),
  expires_at: Type.Integer({ description: 'Seconds since 1970, -1 for never.' }),
  permissions: Type.Optional(Type.Array(RobotPermission)),
  creator_type: Type.String({ description: '`local` for a user, `robot` for a robot.' }),
  creator_ref: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type Robot = Static<typeof Robot>
export const RobotList = Type.Array(Robot)

const AccessIn = Type.Object({
  resource: Nullable(Type.String({ maxLength: 255 })),
  action: Nullable(Type.String({ maxLength: 255 })),
  effect: Nullable(Type.String({ maxLength: 16 })),
})
const RobotPermissionIn = Type.Object({
  kind: Nullable(Type.String({ maxLength: 16 })),
  namespace: Nullable(Type.String({ maxLength: 255 })),
  access: Nullable(Type.Array(AccessIn)),
})
export type RobotPermissionIn = Static<typeof RobotPermissionIn>

export const RobotCreate = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 512 })),
  description: Nullable(Type.String()),
  secret: Nullable(Type.String({ description: 'Generated where it is empty.' })),
  level: Type.Optional(Type.String({ maxLength: 16 })),
  disable: Nullable(Type.Boolean()),
  duration: Nullable(Type.Integer()),
  permissions: Nullable(Type.Array(RobotPermissionIn)),
})

export const RobotUpdate = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 1024 })),
  description: Nullable(Type.String()),
  level: Type.Optional(Type.String({ maxLength: 16 })),
  disable: Nullable(Type.Boolean()),
  duration: Nullable(Type.Integer()),
  permissions: Nullable(Type.Array(RobotPermissionIn)),
})

export const RobotCreated = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  secret: Type.String({ description: 'Shown here and never again.' }),
  creation_time: Type.String({ format: 'date-time' }),
  expires_at: Type.Integer(),
})
export type RobotCreated = Static<typeof RobotCreated>

export const RobotSec = Type.Object({ secret: Nullable(Type.String()) })
/** Has the secret where it was generated. */
export const RobotSecResponse = Type.Object({ secret: Type.Optional(Type.String()) })

export const RobotListQuery = Type.Object({ ...ListQuery })

const robotId = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
export const RobotParams = Type.Object({ robot_id: robotId })

/** The older form, for robots of the project in the path. */
export const RobotCreateV1 = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 512 })),
  description: Nullable(Type.String()),
  expires_at: Nullable(
    Type.Integer({
      maximum: 8_000_000_000_000,
      description: 'Seconds since 1970, -1 for never; 30 days where it is missing.',
    }),
  ),
  access: Nullable(Type.Array(AccessIn)),
})
export const RobotUpdateV1 = Type.Object({
  description: Nullable(Type.String()),
  disable: Nullable(Type.Boolean()),
})
export const ProjectRobotsQuery = Type.Object({ ...PageQuery })
export const ProjectRobotParams = Type.Object({ ...ProjectParams.properties, robot_id: robotId })
