import Type, { type Static } from 'typebox'
import { Project } from './projects.ts'

export const SearchQuery = Type.Object({ q: Type.String({ minLength: 1, maxLength: 512 }) })

export const SearchRepository = Type.Object({
  project_id: Type.Integer(),
  project_name: Type.String(),
  /** Absent where it is private. */
  project_public: Type.Optional(Type.Boolean()),
  repository_name: Type.String({ description: 'With the name of its project.' }),
  artifact_count: Type.Optional(Type.Integer()),
  pull_count: Type.Optional(Type.Integer()),
})
export type SearchRepository = Static<typeof SearchRepository>

/** At most 100 of each. */
export const Search = Type.Object({
  project: Type.Array(Project),
  repository: Type.Array(SearchRepository),
})
export type Search = Static<typeof Search>
