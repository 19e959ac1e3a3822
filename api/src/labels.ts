import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

/** A label as its readers see it. Texts that are empty are absent. */
export const Label = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.Optional(Type.String()),
  color: Type.Optional(Type.String()),
  scope: Type.String({ description: '`g` for a global label, `p` for one of a project.' }),
  project_id: Type.Optional(Type.Integer({ description: 'Absent for global labels.' })),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})
export type Label = Static<typeof Label>

export const LabelList = Type.Array(Label)

/** What creates or changes a label. A change leaves scope and project as they are. */
export const LabelReq = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String({ maxLength: 10_000 })),
  color: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  project_id: Type.Optional(Type.Integer()),
})

export type LabelReq = Static<typeof LabelReq>

export const LabelListQuery = Type.Object({
  ...ListQuery,
  name: Type.Optional(Type.String({ description: 'The name contains this.' })),
  scope: Type.Optional(Type.String({ description: '`g`, or `p` together with `project_id`.' })),
  project_id: Type.Optional(Type.Integer()),
})

export type LabelListQuery = Static<typeof LabelListQuery>

export const LabelParams = Type.Object({
  label_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})
