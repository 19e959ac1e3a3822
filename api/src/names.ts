import Type from 'typebox'
import { ProjectParams } from './projects.ts'

/** A new name for a project. */
export const ProjectNameReq = Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }) })

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
