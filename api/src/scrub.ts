import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

const Time = Type.String({ format: 'date-time' })

/** Something in which store and database do not agree, or did not. */
export const Finding = Type.Object({
  id: Type.Integer(),
  kind: Type.String({
    description:
      '`missing`: a blob has no bytes; `damaged`: it has others; `unreadable`: the store fails to read them; `orphan`: bytes that belong to nobody; `foreign`: nothing of ours.',
  }),
  state: Type.String({
    description:
      '`open`; `healed` by an upload, `restored`, `discarded`, `expired` in quarantine, or `gone`: there is nothing left to do.',
  }),
  key: Type.String({ description: 'Of the object in the store.' }),
  digest: Type.Optional(Type.String()),
  size: Type.Optional(Type.Integer({ description: 'Bytes that are there, or should be.' })),
  needed_by: Type.Array(Type.String(), { description: '`project/repository@digest`, the first twenty.' }),
  creation_time: Time,
  seen_time: Type.String({ format: 'date-time', description: 'When it was seen last.' }),
  expiry_time: Type.Optional(
    Type.String({ format: 'date-time', description: 'When bytes in quarantine are deleted.' }),
  ),
  end_time: Type.Optional(Time),
})
export type Finding = Static<typeof Finding>

export const Findings = Type.Array(Finding)

export const FindingQuery = Type.Object({ ...ListQuery })

export const FindingParams = Type.Object({
  finding_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

/** What a run is to do. */
export const ScrubRequest = Type.Object({
  report_only: Type.Optional(Type.Boolean({ description: 'Changes nothing.' })),
  rehash: Type.Optional(Type.Boolean({ description: 'Reads every object, at `scrub.bytes_per_second`.' })),
  force: Type.Optional(
    Type.Boolean({ description: 'Goes on even where most of what it looks at does not agree.' }),
  ),
})
