import Type, { type Static } from 'typebox'

export const Ping = Type.String()

const Status = Type.Enum(['healthy', 'unhealthy'])

export const OverallHealthStatus = Type.Object({
  status: Status,
  components: Type.Array(
    Type.Object({ name: Type.String(), status: Status, error: Type.Optional(Type.String()) }),
  ),
})
export type OverallHealthStatus = Static<typeof OverallHealthStatus>

/** What a client asks first. Only the first five are told to callers who are not signed in. */
export const GeneralInfo = Type.Object({
  auth_mode: Type.String(),
  primary_auth_mode: Type.Boolean(),
  self_registration: Type.Boolean(),
  banner_message: Type.String(),
  oidc_provider_name: Type.String(),
  current_time: Type.Optional(Type.String({ format: 'date-time' })),
  registry_url: Type.Optional(Type.String({ description: 'Host and port to push to and pull from.' })),
  external_url: Type.Optional(Type.String()),
  project_creation_restriction: Type.Optional(Type.String()),
  has_ca_root: Type.Optional(Type.Boolean()),
  harbor_version: Type.Optional(Type.String()),
  registry_storage_provider_name: Type.Optional(Type.String()),
  read_only: Type.Optional(Type.Boolean()),
  notification_enable: Type.Optional(Type.Boolean()),
})
export type GeneralInfo = Static<typeof GeneralInfo>

export const SystemInfo = Type.Object({
  storage: Type.Array(
    Type.Object({ total: Type.Optional(Type.Integer()), free: Type.Optional(Type.Integer()) }),
  ),
})
export type SystemInfo = Static<typeof SystemInfo>

export const ApiVersion = Type.Object({ version: Type.String() })
export type ApiVersion = Static<typeof ApiVersion>
