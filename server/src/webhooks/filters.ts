import { DomainError } from '../platform/errors.ts'
import { PatternError } from '../selectors/doublestar.ts'
import { compilePattern } from '../selectors/pattern.ts'
import type { WebhookPolicy } from './model.ts'
import type { WebhookEvent } from './payload.ts'

/** Tells whether a name is the pattern's. */
type Matcher = (name: string) => boolean

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
    return checkPattern(pattern)
  } catch (error) {
    if (error instanceof DomainError) return () => false
    throw error
  }
}

/** Reads a pattern of Harbor's. Throws bad-request for what is none. */
export function checkPattern(pattern: string): Matcher {
  try {
    const test = compilePattern('doublestar', pattern)
    return (name) => test(name, [])
  } catch (error) {
    if (error instanceof PatternError) throw new DomainError('bad-request', error.message)
    throw error
  }
}
