import Type from 'typebox'

export const ExplainQuery = Type.Object({
  principal: Type.Optional(
    Type.String({
      maxLength: 600,
      description:
        '`user:<name>`, `robot:<login name>` or `anonymous`; the caller himself where it is left out.',
    }),
  ),
  permission: Type.String({ maxLength: 128, description: 'For instance `repository:push`.' }),
  project: Type.Optional(
    Type.String({ maxLength: 255, description: 'Name of a project; about the system where it is left out.' }),
  ),
})

/** Whether somebody may do something, and why. */
export const Explanation = Type.Object({
  principal: Type.String(),
  permission: Type.String(),
  project: Type.Optional(Type.String()),
  allowed: Type.Boolean(),
  reasons: Type.Array(
    Type.Object({
      kind: Type.String({
        description:
          '`public`, `signed-in`, `administrator`, `project-role`, `system-role`, `robot` say why he may; `token-limits`, `disabled`, `expired` why not.',
      }),
      role: Type.Optional(Type.String()),
      group: Type.Optional(Type.String({ description: 'By which group he has the role.' })),
    }),
  ),
})
