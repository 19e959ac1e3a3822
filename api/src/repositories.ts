import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

const ProjectName = Type.String({ minLength: 1, maxLength: 255 })

/** Path of everything below the repositories of a project, which is named, never numbered. */
export const RepositoriesParams = Type.Object({ project_name: ProjectName })

/** Path of one repository: its name within the project, slashes encoded once or twice. */
export const RepositoryParams = Type.Object({
  project_name: ProjectName,
  repository_name: Type.String({ minLength: 1, maxLength: 1024 }),
})

export const RepositoryQuery = Type.Object(ListQuery)

/** A repository as its readers see it. */
export const Repository = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  name: Type.String({ description: 'With the name of the project.' }),
  description: Type.Optional(Type.String()),
  artifact_count: Type.Integer(),
  pull_count: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type Repository = Static<typeof Repository>

export const RepositoryList = Type.Array(Repository)

/** What of a repository can be changed. */
export const RepositoryChange = Type.Object({
  description: Type.Optional(Type.Union([Type.String({ maxLength: 65_536 }), Type.Null()])),
})
