import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'

/** A new name for a project. */
export const ProjectNameReq = Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }) })

/** Query of both lists of former names. */
export const AliasQuery = Type.Object(PageQuery)

/** A former name of a project: pulls by it go on working until it is dropped or taken. */
const ProjectAlias = Type.Object({
  name: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
})
export const ProjectAliasList = Type.Array(ProjectAlias)

export const ProjectAliasParams = Type.Object({
  ...ProjectParams.properties,
  alias_name: Type.String({ minLength: 1 }),
})

/** Where a repository goes: another name, another project, or both. What is absent stays. */
export const RepositoryNameReq = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Relative to its project.' })),
  project_name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
})
export type RepositoryNameReq = Static<typeof RepositoryNameReq>

/** A former name of a repository, in the project where it had it. */
export const RepositoryAlias = Type.Object({
  name: Type.String({ description: 'Relative to the project that is asked for.' }),
  repository: Type.Optional(
    Type.String({ description: 'Full name of the repository now; absent for those who may not see it.' }),
  ),
  creation_time: Type.String({ format: 'date-time' }),
})
export type RepositoryAlias = Static<typeof RepositoryAlias>
export const RepositoryAliasList = Type.Array(RepositoryAlias)
