import { DomainError } from '../platform/errors.ts'
import { PatternError } from '../selectors/doublestar.ts'
import type { Selector } from '../selectors/model.ts'
import { compileArtifactSelector, compileRepositorySelector } from '../selectors/select.ts'
import { templateOf } from './templates.ts'

/** A rule says which artifacts are kept. What no rule keeps goes, in the repositories that a rule is about. */
export interface RetentionRule {
  disabled: boolean
  action: string
  template: string
  /** The number of the template, under its name. */
  params: Record<string, unknown>
  tagSelectors: Selector[]
  /** Of repositories. */
  scopeSelectors: Selector[]
}

export interface RetentionPolicy {
  id: number
  /** Undefined: for all projects that have none of their own. */
  projectId: number | undefined
  rules: RetentionRule[]
}

const MOST_RULES = 15

/** Throws bad-request, and conflict for the same rule twice: a rule that nobody understands would keep nothing. */
export function checkRules(rules: readonly RetentionRule[]): void {
  if (rules.length > MOST_RULES) {
    throw new DomainError('bad-request', `bad request: only ${MOST_RULES} rules are allowed at most`)
  }
  const seen = new Map<string, number>()
  for (const [index, rule] of rules.entries()) {
    const text = JSON.stringify(rule)
    const same = seen.get(text)
    if (same !== undefined) {
      throw new DomainError('conflict', `resource conflict: rule ${index} is conflict with rule ${same}`)
    }
    seen.set(text, index)
    compileRule(rule)
  }
}

/** What a rule means. Throws bad-request where it cannot be understood. */
export function compileRule(rule: RetentionRule) {
  try {
    const template = templateOf(rule.template, rule.params)
    const repositories = rule.scopeSelectors.map(compileRepositorySelector)
    const artifacts = rule.tagSelectors.map(compileArtifactSelector)
    return { disabled: rule.disabled, template, repositories, artifacts }
  } catch (error) {
    if (error instanceof PatternError)
      throw new DomainError('bad-request', `bad request: ${error.message}`, { cause: error })
    throw error
  }
}

/** A rule in words, for logs and explanations. */
export function nameOfRule(rule: RetentionRule, index: number): string {
  const number = rule.params[rule.template]
  return `rule ${index + 1} (${rule.template}${typeof number === 'number' ? ` ${number}` : ''})`
}
