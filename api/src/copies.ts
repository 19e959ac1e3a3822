import Type from 'typebox'

/** What is to be copied into a repository. */
export const CopyQuery = Type.Object({
  from: Type.String({
    description: 'The artifact: `project/repository:tag` or `project/repository@digest`.',
  }),
})
