import type * as Wire from '@portolan/api/retentions'
import type { Execution, Status, Task } from '../jobs/model.ts'
import type { Selector } from '../selectors/model.ts'
import type { Explanation } from './explain.ts'
import { reasonOf } from './job.ts'
import type { RetentionRule } from './model.ts'
import type { PolicyContent, ShownPolicy } from './policies.ts'
import type { PolicyRequest } from './service.ts'
import { TEMPLATES } from './templates.ts'

/** What rules can be made of, as Harbor tells it. */
export const METADATA: Wire.RetentionMetadata = {
  templates: Object.entries(TEMPLATES).flatMap(([name, { text, unit }]) =>
    text === undefined
      ? []
      : [
          {
            rule_template: name,
            display_text: text,
            action: 'retain',
            params: unit ? [{ type: 'int', unit, required: true }] : [],
          },
        ],
  ),
  scope_selectors: [
    { display_text: 'Repositories', kind: 'doublestar', decorations: ['repoMatches', 'repoExcludes'] },
  ],
  tag_selectors: [{ display_text: 'Tags', kind: 'doublestar', decorations: ['matches', 'excludes'] }],
}

/** A policy in Harbor's shape. */
export function toWire(policy: ShownPolicy): Wire.RetentionPolicy {
  return { ...systemPolicyToWire(policy), scope: { level: 'project', ref: policy.projectId ?? 0 } }
}

/** The same, of whatever it is about. */
export function systemPolicyToWire({ id, rules, cron, nextTime }: ShownPolicy): Wire.SystemRetentionPolicy {
  return {
    id,
    algorithm: 'or',
    rules: rules.map(ruleToWire),
    trigger: {
      kind: 'Schedule',
      settings: { cron, ...(nextTime ? { next_scheduled_time: nextTime.toISOString() } : {}) },
    },
  }
}

function ruleToWire(rule: RetentionRule): Wire.RetentionRule {
  return {
    ...(rule.disabled ? { disabled: true } : {}),
    action: rule.action,
    template: rule.template,
    ...(Object.keys(rule.params).length > 0 ? { params: rule.params } : {}),
    tag_selectors: rule.tagSelectors,
    scope_selectors: { repository: rule.scopeSelectors },
  }
}

/** What a request asks for; of parameters only the one of the template counts. */
export function toRequest({ scope, ...content }: Wire.RetentionPolicy): PolicyRequest {
  return { ...toContent(content), level: scope?.level ?? 'project', projectId: scope?.ref ?? 0 }
}

/** The same without what it is to be about. */
export function toContent({ rules = [], trigger }: Wire.SystemRetentionPolicy): PolicyContent {
  return { rules: rules.map(toRule), cron: trigger?.settings?.cron ?? '' }
}

function toRule(rule: Wire.RetentionRule): RetentionRule {
  const template = rule.template ?? ''
  const number = Object.entries(rule.params ?? {}).find(([name]) => name === template)?.[1]
  return {
    disabled: rule.disabled ?? false,
    action: rule.action ?? 'retain',
    template,
    params: number === undefined ? {} : { [template]: number },
    tagSelectors: (rule.tag_selectors ?? []).map(toSelector),
    scopeSelectors: (rule.scope_selectors?.repository ?? []).map(toSelector),
  }
}

function toSelector({ kind, decoration, pattern, extras }: Wire.RetentionSelector): Selector {
  return {
    kind: kind ?? 'doublestar',
    decoration: decoration ?? '',
    pattern: pattern ?? '',
    ...(extras ? { extras } : {}),
  }
}

export function executionToWire(execution: Execution): Wire.RetentionExecution {
  return {
    id: execution.id,
    policy_id: execution.vendorId,
    start_time: execution.startTime.toISOString(),
    ...(execution.endTime ? { end_time: execution.endTime.toISOString() } : {}),
    status: execution.status,
    trigger: execution.trigger,
    ...(execution.attributes.dry_run === true ? { dry_run: true } : {}),
  }
}

const CODES: Readonly<Record<Status, number>> = {
  Pending: 0,
  Scheduled: 1,
  Running: 2,
  Success: 3,
  Error: 3,
  Stopped: 3,
}

export function taskToWire(task: Task): Wire.RetentionExecutionTask {
  const { repository, total, retained } = task.attributes
  return {
    id: task.id,
    execution_id: task.executionId,
    repository: String(repository ?? ''),
    job_id: task.jobId,
    status: task.status,
    status_code: CODES[task.status],
    ...(task.startTime ? { start_time: task.startTime.toISOString() } : {}),
    ...(task.endTime ? { end_time: task.endTime.toISOString() } : {}),
    total: typeof total === 'number' ? total : 0,
    retained: typeof retained === 'number' ? retained : 0,
  }
}

export function explanationToWire({ policy, covered, verdicts }: Explanation): Wire.RetentionExplanation {
  return {
    ...(policy ? { policy_id: policy.id } : {}),
    inherited: policy !== undefined && policy.projectId === undefined,
    covered,
    artifacts: verdicts.map((verdict) => ({
      digest: verdict.artifact.digest,
      tags: [...verdict.artifact.tags],
      kept: verdict.kept,
      immutable: verdict.artifact.immutable,
      rules: verdict.by,
      reason: verdict.kept
        ? `kept by ${reasonOf(policy?.rules ?? [], verdict)}`
        : 'deleted: no rule keeps it',
    })),
  }
}
