import type { Actor } from '../access/model.ts'

export interface ImmutableRuleEvent {
  projectId: number
  projectName: string
  ruleId: number
  /** What the rule matches, in short. */
  name: string
  disabled: boolean
  actor: Actor
}

declare module '../platform/events/catalogue.ts' {
  interface EventPayloads {
    /** A rule that keeps tags was made. */
    'immutable-rule.created': ImmutableRuleEvent
    /** A rule that keeps tags was changed, switched on or off. */
    'immutable-rule.updated': ImmutableRuleEvent
    /** A rule that keeps tags is gone. */
    'immutable-rule.deleted': ImmutableRuleEvent
  }
}
