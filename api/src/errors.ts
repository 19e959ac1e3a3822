import Type, { type Static } from 'typebox'

/** What every failed call answers. */
export const Errors = Type.Object({
  errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
})
export type Errors = Static<typeof Errors>
