import Type, { type Static } from 'typebox'
import { PageQuery } from './paging.ts'

const Resources = Type.Object({ storage: Type.Integer({ description: 'Bytes; -1 without limit.' }) })

/** What a project may hold, and holds. */
export const Quota = Type.Object({
  id: Type.Integer(),
  ref: Type.Object({
    id: Type.Integer({ description: 'The project.' }),
    name: Type.String(),
    owner_name: Type.String({ description: 'Empty, as in Harbor.' }),
  }),
  hard: Resources,
  used: Resources,
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type Quota = Static<typeof Quota>

export const QuotaList = Type.Array(Quota)

export const QuotaListQuery = Type.Object({
  ...PageQuery,
  reference: Type.Optional(Type.String({ description: 'What has the quotas: `project`.' })),
  reference_id: Type.Optional(Type.String({ description: 'The id of the project.' })),
  sort: Type.Optional(
    Type.String({
      description:
        '`id`, `hard.storage`, `used.storage`, `creation_time`, `update_time`; `-` in front for descending.',
    }),
  ),
})

export const QuotaParams = Type.Object({
  id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

export const QuotaUpdateReq = Type.Object({
  hard: Type.Optional(
    Type.Record(Type.String(), Type.Integer(), { description: '`storage` in bytes; -1 for no limit.' }),
  ),
})
