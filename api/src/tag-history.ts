import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'
import { RepositoryParams } from './repositories.ts'

/** Path of a tag of a repository, whatever it points to. */
export const RepositoryTagParams = Type.Object({
  ...RepositoryParams.properties,
  tag_name: Type.String({ minLength: 1, maxLength: 255 }),
})

/** One change of a tag. */
export const TagHistoryEntry = Type.Object({
  id: Type.Integer(),
  operation: Type.String({ description: 'pushed, tagged, deleted, restored or rolled_back.' }),
  digest: Type.Optional(
    Type.String({ description: 'What the tag points to from then on; absent: it was deleted.' }),
  ),
  artifact: Type.Optional(
    Type.String({ description: 'Where the artifact is now: present, trash (it can be restored) or gone.' }),
  ),
  username: Type.Optional(Type.String({ description: 'Absent where it was before there was a history.' })),
  op_time: Type.String({ format: 'date-time' }),
})
export type TagHistoryEntry = Static<typeof TagHistoryEntry>

export const TagHistory = Type.Array(TagHistoryEntry)

export const TagHistoryQuery = Type.Object({ ...PageQuery })

/** What a tag is to point to again. */
export const TagRollback = Type.Object({ digest: Type.String({ minLength: 1, maxLength: 255 }) })

export const RolledBackTag = Type.Object({
  repository: Type.String({ description: 'With the name of the project.' }),
  tag: Type.String(),
  digest: Type.String(),
  restored: Type.Boolean({ description: 'Whether the artifact was in the trash.' }),
})
