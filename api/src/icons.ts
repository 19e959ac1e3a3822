import Type from 'typebox'

export const IconParams = Type.Object({ digest: Type.String({ minLength: 1, maxLength: 255 }) })

/** A small picture of an artifact or of its kind. */
export const Icon = Type.Object({
  'content-type': Type.String({ description: 'image/svg+xml, image/png, image/jpeg or image/gif.' }),
  content: Type.String({ description: 'The picture in base64.' }),
})
