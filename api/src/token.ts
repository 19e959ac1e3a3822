import Type, { type Static } from 'typebox'

const OneOrMany = Type.Union([Type.String(), Type.Array(Type.String())])

/** `GET /service/token`: the Docker registry token protocol. */
export const TokenQuery = Type.Object({
  service: Type.Optional(OneOrMany),
  scope: Type.Optional(OneOrMany),
  account: Type.Optional(OneOrMany),
  client_id: Type.Optional(OneOrMany),
  offline_token: Type.Optional(OneOrMany),
})

export const TokenResponse = Type.Object({
  token: Type.String(),
  access_token: Type.String({ description: 'Empty, as with Harbor; `token` has it.' }),
  expires_in: Type.Integer({ description: 'Seconds.' }),
  issued_at: Type.String({ format: 'date-time' }),
  refresh_token: Type.Optional(Type.String({ description: 'Where an offline token was asked for.' })),
})
export type TokenResponse = Static<typeof TokenResponse>

/** `POST /service/token`: the same by the OAuth2 form of the protocol. */
export const TokenForm = Type.Object({
  grant_type: Type.Optional(Type.String({ description: '`password` or `refresh_token`' })),
  service: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  access_type: Type.Optional(Type.String({ description: '`offline` asks for a refresh token.' })),
  scope: Type.Optional(Type.String()),
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  refresh_token: Type.Optional(Type.String()),
})
export type TokenForm = Static<typeof TokenForm>

export const OAuthTokenResponse = Type.Object({
  access_token: Type.String(),
  token: Type.String(),
  scope: Type.String(),
  expires_in: Type.Integer(),
  issued_at: Type.String({ format: 'date-time' }),
  refresh_token: Type.Optional(Type.String()),
})
export type OAuthTokenResponse = Static<typeof OAuthTokenResponse>

/** A refusal in OAuth2's form (RFC 6749, 5.2) and in Docker's at once: each client reads its own. */
export const OAuthError = Type.Object({
  error: Type.Optional(Type.String()),
  error_description: Type.Optional(Type.String()),
  errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})

/** The public keys that tokens are verified with (RFC 7517). */
export const Jwks = Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.String())) })
