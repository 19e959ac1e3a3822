import Type from 'typebox'

/** The form of the portal's login page. */
export const LoginForm = Type.Object({
  principal: Type.Optional(Type.String({ description: 'User name or e-mail address.' })),
  password: Type.Optional(Type.String()),
})

export const UserExistsForm = Type.Object({
  target: Type.Optional(Type.String({ description: '`username` or `email`' })),
  value: Type.Optional(Type.String()),
})

export const UserExists = Type.Boolean()

/** What tries out an OpenID Connect provider. */
export const OidcPing = Type.Object({
  url: Type.Optional(Type.String()),
  verify_cert: Type.Optional(Type.Boolean()),
})
