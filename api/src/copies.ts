import Type from 'typebox'

/** Path of the repository that an artifact is copied into. */
export const CopyParams = Type.Object({
  project_name: Type.String({ minLength: 1, maxLength: 255 }),
  repository_name: Type.String({ minLength: 1, maxLength: 1024 }),
})

export const CopyQuery = Type.Object({
  from: Type.String({
    description: 'The artifact: `project/repository:tag` or `project/repository@digest`.',
  }),
})
