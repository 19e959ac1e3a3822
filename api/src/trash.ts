import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

const Time = Type.String({ format: 'date-time' })

/** A deleted artifact that can be restored. */
export const TrashedArtifact = Type.Object({
  id: Type.Integer(),
  repository: Type.String({ description: 'As it is called now.' }),
  digest: Type.String(),
  media_type: Type.String(),
  artifact_type: Type.Optional(Type.String()),
  size: Type.Integer({ description: 'Bytes.' }),
  tags: Type.Array(Type.String(), { description: 'That it had.' }),
  deleted_by: Type.String(),
  deletion_time: Time,
  expiry_time: Type.String({ format: 'date-time', description: 'When it goes for good.' }),
})
export type TrashedArtifact = Static<typeof TrashedArtifact>

export const Trash = Type.Array(TrashedArtifact)

export const TrashQuery = Type.Object({ ...PageQuery })

export const TrashParams = Type.Object({ project_name: Type.String() })

export const TrashedParams = Type.Object({
  ...TrashParams.properties,
  trash_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

export const RestoredArtifact = Type.Object({
  repository: Type.String(),
  digest: Type.String(),
  tags: Type.Array(Type.String(), { description: 'Those that name it again; a tag in use is left alone.' }),
})

/** A tag that was deleted while its artifact stayed. */
export const TrashedTag = Type.Object({
  id: Type.Integer(),
  repository: Type.String({ description: 'As it is called now.' }),
  name: Type.String(),
  digest: Type.String({ description: 'What it named.' }),
  artifact: Type.Union([Type.Literal('present'), Type.Literal('trash'), Type.Literal('gone')], {
    description: 'Where that is by now.',
  }),
  deleted_by: Type.String(),
  deletion_time: Time,
  expiry_time: Type.String({ format: 'date-time', description: 'When it goes for good.' }),
})
export type TrashedTag = Static<typeof TrashedTag>

export const TrashedTagList = Type.Array(TrashedTag)

export const RestoredTag = Type.Object({
  repository: Type.String(),
  tag: Type.String(),
  digest: Type.String(),
  restored: Type.Boolean({ description: 'Whether the artifact was in the trash, and is restored too.' }),
})

/** A deleted repository that can be restored whole. */
export const TrashedRepository = Type.Object({
  id: Type.Integer(),
  name: Type.String({ description: 'With the name of the project.' }),
  artifact_count: Type.Integer(),
  pull_count: Type.Integer(),
  creation_time: Time,
  deleted_by: Type.String(),
  deletion_time: Time,
  expiry_time: Type.String({ format: 'date-time', description: 'When it goes for good.' }),
  restoring: Type.Boolean(),
  restoration: Type.Optional(
    Type.Object(
      {
        execution_id: Type.Integer(),
        status: Type.String(),
        status_message: Type.Optional(Type.String()),
        artifacts: Type.Integer({ description: 'That there are to be counted.' }),
        artifacts_done: Type.Integer(),
      },
      { description: 'Of the last time that it was to be restored in the background.' },
    ),
  ),
})
export type TrashedRepository = Static<typeof TrashedRepository>

export const TrashedRepositoryList = Type.Array(TrashedRepository)

export const RepositoryRestoration = Type.Object({
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'What it is to be called within the project; absent: as before.',
    }),
  ),
})

export const RestoredRepository = Type.Object({
  repository: Type.String(),
  execution_id: Type.Optional(Type.Integer({ description: 'That is restoring it.' })),
})
