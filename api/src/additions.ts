import Type from 'typebox'

/** Path of what is below one artifact: project and repository by name, the artifact by a tag or by its digest. */
const Artifact = {
  project_name: Type.String({ minLength: 1, maxLength: 255 }),
  repository_name: Type.String({ minLength: 1, maxLength: 1024 }),
  reference: Type.String({ minLength: 1, maxLength: 255 }),
}

export const VulnerabilitiesParams = Type.Object(Artifact)

export const AdditionParams = Type.Object({
  ...Artifact,
  addition: Type.Enum([
    'build_history',
    'values.yaml',
    'readme.md',
    'dependencies',
    'sbom',
    'license',
    'files',
  ]),
})

/** JSON, Markdown or plain text, as the content type says. */
export const Addition = Type.Unsafe<string | Uint8Array>({
  anyOf: ['application/json', 'text/markdown', 'text/plain'].map((contentMediaType) => ({
    type: 'string',
    contentMediaType,
  })),
})
