import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'

const Id = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })

const ImmutableSelector = Type.Object({
  kind: Type.String({
    description: '`doublestar`; ours are `regex`, `semver` and `expression`.',
  }),
  decoration: Type.String({
    description: '`matches` and `excludes` of tags, `repoMatches` and `repoExcludes` of repositories.',
  }),
  pattern: Type.String(),
  extras: Type.Optional(Type.String()),
})

/** Which tags of which repositories stay what they are. */
export const ImmutableRule = Type.Object({
  id: Type.Integer(),
  disabled: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String()),
  template: Type.Optional(Type.String()),
  priority: Type.Optional(Type.Integer()),
  tag_selectors: Type.Union([Type.Array(ImmutableSelector), Type.Null()]),
  scope_selectors: Type.Optional(Type.Record(Type.String(), Type.Array(ImmutableSelector))),
})
export type ImmutableRule = Static<typeof ImmutableRule>

export const ImmutableRuleList = Type.Array(ImmutableRule)

const ImmutableSelectorReq = Type.Object({
  kind: Type.Optional(Type.String({ maxLength: 32 })),
  decoration: Type.Optional(Type.String({ maxLength: 32 })),
  pattern: Type.Optional(Type.String({ maxLength: 1024 })),
  extras: Type.Optional(Type.String({ maxLength: 1024 })),
})
export type ImmutableSelectorReq = Static<typeof ImmutableSelectorReq>

export const ImmutableRuleReq = Type.Object({
  id: Type.Optional(Type.Integer()),
  disabled: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String({ maxLength: 64 })),
  template: Type.Optional(Type.String({ maxLength: 64 })),
  priority: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  tag_selectors: Type.Optional(Type.Union([Type.Array(ImmutableSelectorReq, { maxItems: 16 }), Type.Null()])),
  scope_selectors: Type.Optional(
    Type.Record(Type.String({ maxLength: 64 }), Type.Array(ImmutableSelectorReq, { maxItems: 16 }), {
      maxProperties: 8,
    }),
  ),
})
export type ImmutableRuleReq = Static<typeof ImmutableRuleReq>

export const ImmutableRuleListQuery = Type.Object(ListQuery)

export const ImmutableRuleParams = Type.Object({
  ...ProjectParams.properties,
  immutable_rule_id: Id,
})
