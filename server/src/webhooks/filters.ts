import { doublestar, type Matcher, PatternError } from '../lib/doublestar.ts'
import { DomainError } from '../platform/errors.ts'
import type { WebhookEvent } from './events.ts'
import type { WebhookPolicy } from './model.ts'

/** What a policy wants to hear of an event, or undefined where that is nothing. */
export type Wanted = (event: WebhookEvent) => WebhookEvent | undefined

/** Reads the patterns of a policy once, for many events: of each, the resources that they name are left. */
export function createFilter(
  policy: Pick<WebhookPolicy, 'enabled' | 'eventTypes' | 'repositoryPattern' | 'tagPattern'>,
): Wanted {
  const takesRepository = readPattern(policy.repositoryPattern)
  const takesTag = readPattern(policy.tagPattern)

  return (event) => {
    if (!policy.enabled || !policy.eventTypes.includes(event.type)) return undefined
    const { repository, resources } = event
    if (repository && !takesRepository(repository.name)) return undefined
    if (policy.tagPattern === '' || resources.length === 0) return event

    const kept = resources.filter(({ tag }) => tag !== undefined && takesTag(tag))
    return kept.length > 0 ? { ...event, resources: kept } : undefined
  }
}

/** Patterns were checked when they were set. One that is none all the same must not hold up the events of all others. */
function readPattern(pattern: string): Matcher {
  try {
    return doublestar(pattern)
  } catch (error) {
    if (error instanceof PatternError) return () => false
    throw error
  }
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
