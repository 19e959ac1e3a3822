import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))
const id = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })

const Permission = Type.Object({
  resource: Type.String({ maxLength: 255 }),
  action: Type.String({ maxLength: 255 }),
})

/** What a token allows beyond nothing: never more than its owner may himself. */
const scope = {
  preset: Type.String({ description: '`full`, `read-only`, or `custom`: what the permissions say.' }),
  project_ids: Type.Optional(
    Type.Array(Type.Integer(), { description: 'Nothing but these projects; absent: all, and the system.' }),
  ),
  system_permissions: Type.Optional(Type.Array(Permission)),
  project_permissions: Type.Optional(Type.Array(Permission)),
}

export const AccessToken = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  ...scope,
  creation_time: Type.String({ format: 'date-time' }),
  expires_at: Type.Integer({ description: 'Seconds since 1970, -1 for never.' }),
  last_use_time: Type.Optional(Type.String({ format: 'date-time', description: 'To the minute.' })),
})
export type AccessToken = Static<typeof AccessToken>
export const AccessTokenList = Type.Array(AccessToken)

export const AccessTokenCreate = Type.Object({
  name: Type.Optional(Type.String()),
  preset: Nullable(Type.String({ maxLength: 16, description: '`custom` where it is missing.' })),
  project_ids: Nullable(Type.Array(id, { maxItems: 1000 })),
  system_permissions: Nullable(Type.Array(Permission, { maxItems: 500 })),
  project_permissions: Nullable(Type.Array(Permission, { maxItems: 500 })),
  expires_at: Nullable(Type.Integer({ maximum: 8_000_000_000_000, description: '-1 or missing: never.' })),
})
export type AccessTokenCreate = Static<typeof AccessTokenCreate>

export const AccessTokenCreated = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  token: Type.String({ description: 'Shown here and never again.' }),
  creation_time: Type.String({ format: 'date-time' }),
  expires_at: Type.Integer(),
})

/** A browser session; its id is no secret, and nobody can log in with it. */
export const Session = Type.Object({
  id: Type.Integer(),
  current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
  address: Type.String({ description: 'Where the user logged in from.' }),
  creation_time: Type.String({ format: 'date-time' }),
  expires_at: Type.Integer(),
})
export type Session = Static<typeof Session>
export const SessionList = Type.Array(Session)

/** Of tokens and sessions alike. */
export const OwnListQuery = Type.Object({ ...PageQuery })
export const OwnerParams = Type.Object({ user_id: id })
export const OwnTokenParams = Type.Object({ token_id: id })
export const TokenParams = Type.Object({ user_id: id, token_id: id })
export const OwnSessionParams = Type.Object({ session_id: id })
export const SessionParams = Type.Object({ user_id: id, session_id: id })
