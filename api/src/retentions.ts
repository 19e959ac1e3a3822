import Type, { type Static } from 'typebox'
import { ListQuery, PageQuery } from './paging.ts'
import { RepositoryParams } from './repositories.ts'

const Id = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })

const RetentionSelector = Type.Object({
  kind: Type.Optional(
    Type.String({ maxLength: 32, description: '`doublestar`; ours are `regex`, `semver` and `expression`.' }),
  ),
  decoration: Type.Optional(
    Type.String({
      maxLength: 32,
      description: '`matches` and `excludes` of tags, `repoMatches` and `repoExcludes` of repositories.',
    }),
  ),
  pattern: Type.Optional(Type.String({ maxLength: 1024 })),
  extras: Type.Optional(Type.String({ maxLength: 1024, description: '`{"untagged":true}` as text.' })),
})
export type RetentionSelector = Static<typeof RetentionSelector>

const Selectors = Type.Array(RetentionSelector, { maxItems: 16 })

const RetentionRule = Type.Object({
  id: Type.Optional(Type.Integer()),
  priority: Type.Optional(Type.Integer()),
  disabled: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String({ maxLength: 64 })),
  template: Type.Optional(Type.String({ maxLength: 64 })),
  params: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Type.Any(), { maxProperties: 8 })),
  tag_selectors: Type.Optional(Selectors),
  scope_selectors: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Selectors, { maxProperties: 8 }),
  ),
})
export type RetentionRule = Static<typeof RetentionRule>

const PolicyContent = {
  id: Type.Optional(Type.Integer()),
  algorithm: Type.Optional(Type.String({ maxLength: 16 })),
  rules: Type.Optional(Type.Array(RetentionRule, { maxItems: 100 })),
  trigger: Type.Optional(
    Type.Object({
      kind: Type.Optional(Type.String({ maxLength: 32 })),
      settings: Type.Optional(
        Type.Object({
          cron: Type.Optional(Type.String({ maxLength: 256, description: 'Six fields; empty: none.' })),
          next_scheduled_time: Type.Optional(Type.String()),
        }),
      ),
      references: Type.Optional(Type.Object({})),
    }),
  ),
}

/** What is kept of a project: what any of the rules keeps. */
export const RetentionPolicy = Type.Object({
  ...PolicyContent,
  scope: Type.Optional(
    Type.Object({
      level: Type.Optional(Type.String({ maxLength: 32, description: '`project`.' })),
      ref: Type.Optional(Id),
    }),
  ),
})
/** Ours: what is kept of all projects that have no policy of their own. */
export const SystemRetentionPolicy = Type.Object(PolicyContent)
export type SystemRetentionPolicy = Static<typeof SystemRetentionPolicy>
export type RetentionPolicy = Static<typeof RetentionPolicy>

const SelectorMetadata = Type.Object({
  display_text: Type.String(),
  kind: Type.String(),
  decorations: Type.Array(Type.String()),
})

export const RetentionMetadata = Type.Object({
  templates: Type.Array(
    Type.Object({
      rule_template: Type.String(),
      display_text: Type.String(),
      action: Type.String(),
      params: Type.Array(Type.Object({ type: Type.String(), unit: Type.String(), required: Type.Boolean() })),
    }),
  ),
  scope_selectors: Type.Array(SelectorMetadata),
  tag_selectors: Type.Array(SelectorMetadata),
})
export type RetentionMetadata = Static<typeof RetentionMetadata>

export const SystemRetentionExecutionParams = Type.Object({ eid: Id })
export const SystemRetentionTaskParams = Type.Object({ eid: Id, tid: Id })
export const RetentionParams = Type.Object({ id: Id })
export const RetentionExecutionParams = Type.Object({ id: Id, eid: Id })
export const RetentionTaskParams = Type.Object({ id: Id, eid: Id, tid: Id })

/** A larger page than there is, Harbor does not refuse here. */
export const RetentionPageQuery = Type.Object({
  page: ListQuery.page,
  page_size: Type.Integer({ default: 10, description: 'Elements on a page, at most 100.' }),
})

/** Of what is ours. */
export const OurRetentionPageQuery = Type.Object({ ...PageQuery })

export const RetentionRunReq = Type.Object({ dry_run: Type.Optional(Type.Boolean()) })
export const RetentionStarted = Type.Object({ id: Type.Integer() })
export const RetentionStopReq = Type.Object({ action: Type.Optional(Type.String({ maxLength: 32 })) })

const Time = Type.Optional(Type.String({ format: 'date-time' }))

export const RetentionExecution = Type.Object({
  id: Type.Integer(),
  policy_id: Type.Integer(),
  start_time: Time,
  end_time: Time,
  status: Type.String(),
  trigger: Type.String(),
  dry_run: Type.Optional(Type.Boolean()),
})
export type RetentionExecution = Static<typeof RetentionExecution>
export const RetentionExecutions = Type.Array(RetentionExecution)

export const RetentionExecutionTask = Type.Object({
  id: Type.Integer(),
  execution_id: Type.Integer(),
  repository: Type.String(),
  job_id: Type.String(),
  status: Type.String(),
  status_code: Type.Integer(),
  status_revision: Type.Optional(Type.Integer()),
  start_time: Time,
  end_time: Time,
  total: Type.Integer(),
  retained: Type.Integer(),
})
export type RetentionExecutionTask = Static<typeof RetentionExecutionTask>
export const RetentionExecutionTasks = Type.Array(RetentionExecutionTask)

export const RetentionLog = Type.String()

export const RetentionExplainParams = RepositoryParams

/** Ours: what the rules that hold would do with a repository now. */
export const RetentionExplanation = Type.Object({
  policy_id: Type.Optional(Type.Integer({ description: 'Absent: there is no policy, nothing is deleted.' })),
  inherited: Type.Boolean({ description: 'The policy is that of the system.' }),
  covered: Type.Boolean({
    description: 'Whether a rule is about the repository; otherwise nothing is touched.',
  }),
  artifacts: Type.Array(
    Type.Object({
      digest: Type.String(),
      tags: Type.Array(Type.String()),
      kept: Type.Boolean(),
      immutable: Type.Boolean(),
      rules: Type.Array(Type.Integer(), { description: 'Places of the rules that keep it, from 0.' }),
      reason: Type.String(),
    }),
  ),
})
export type RetentionExplanation = Static<typeof RetentionExplanation>
