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
  trash_id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
})

export const RestoredArtifact = Type.Object({
  repository: Type.String(),
  digest: Type.String(),
  tags: Type.Array(Type.String(), { description: 'Those that name it again; a tag in use is left alone.' }),
})
