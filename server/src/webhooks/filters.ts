import { doublestar, type Matcher, PatternError } from '../lib/doublestar.ts'
import { DomainError } from '../platform/errors.ts'
import type { WebhookEvent } from './events.ts'
import type { WebhookPolicy } from './model.ts'

/**
 * What of an event a policy wants to hear: the event with the resources that its patterns name, or undefined where that is
 * nothing.
 */
export function wanted(
  policy: Pick<WebhookPolicy, 'enabled' | 'eventTypes' | 'repositoryPattern' | 'tagPattern'>,
  event: WebhookEvent,
): WebhookEvent | undefined {
  if (!policy.enabled || !policy.eventTypes.includes(event.type)) return undefined
  const { repository, resources } = event
  if (repository && !doublestar(policy.repositoryPattern)(repository.name)) return undefined
  if (policy.tagPattern === '' || resources.length === 0) return event

  const takes = doublestar(policy.tagPattern)
  const kept = resources.filter(({ tag }) => tag !== undefined && takes(tag))
  return kept.length > 0 ? { ...event, resources: kept } : undefined
}

/** Throws bad-request for what is no pattern. */
export function checkPattern(pattern: string): Matcher {
  try {
    return doublestar(pattern)
  } catch (error) {
    if (error instanceof PatternError) throw new DomainError('bad-request', error.message)
    throw error
  }
}
