import type * as Wire from '@portolan/api/immutable-rules'
import type { Selector } from '../selectors/model.ts'
import type { ImmutableRule, RuleContent } from './model.ts'

/** A rule in Harbor's shape. */
export function toWire({ id, disabled, content }: ImmutableRule): Wire.ImmutableRule {
  const { action, template, priority, tagSelectors, scopeSelectors } = content
  return {
    id,
    ...(disabled ? { disabled } : {}),
    ...(action ? { action } : {}),
    ...(template ? { template } : {}),
    ...(priority ? { priority } : {}),
    tag_selectors: tagSelectors ?? null,
    ...(scopeSelectors ? { scope_selectors: scopeSelectors } : {}),
  }
}

/** The rule that a request brings. */
export function toRule(body: Wire.ImmutableRuleReq): Omit<ImmutableRule, 'id'> {
  const content: RuleContent = {
    ...(body.action ? { action: body.action } : {}),
    ...(body.template ? { template: body.template } : {}),
    ...(body.priority ? { priority: body.priority } : {}),
    ...(body.tag_selectors ? { tagSelectors: body.tag_selectors.map(toSelector) } : {}),
    ...(body.scope_selectors
      ? {
          scopeSelectors: Object.fromEntries(
            Object.entries(body.scope_selectors).map(([scope, all]) => [scope, all.map(toSelector)]),
          ),
        }
      : {}),
  }
  return { disabled: body.disabled ?? false, content }
}

function toSelector({ kind, decoration, pattern, extras }: Wire.ImmutableSelectorReq): Selector {
  return {
    kind: kind ?? 'doublestar',
    decoration: decoration ?? '',
    pattern: pattern ?? '',
    ...(extras ? { extras } : {}),
  }
}
