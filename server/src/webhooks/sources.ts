import type { EventPayloads, HeardEvent } from '../platform/events/catalogue.ts'
import type { EventType } from './model.ts'
import type { EventRepository, WebhookEvent } from './payload.ts'

/** What a reader makes of an event: all but what stands in every payload. */
type Told = Partial<Pick<WebhookEvent, 'resources' | 'retention' | 'customAttributes' | 'operator'>> & {
  type: EventType
}

/** What stands in the payloads of many. */
interface Common {
  projectId?: number | undefined
  projectName?: string | undefined
  repositoryId?: number
  repository?: string
  actor?: { username: string } | undefined
}

/** THE TABLE: which facts webhooks tell of, and as what. One that is missing here is told to nobody. */
const SOURCES: { readonly [T in keyof EventPayloads]?: (payload: EventPayloads[T]) => Told | Told[] } = {
  'artifact.pushed': (p) => ({ type: 'PUSH_ARTIFACT', resources: resourcesOf(p) }),
  'artifact.deleted': (p) => ({ type: 'DELETE_ARTIFACT', resources: resourcesOf(p) }),
  // As Harbor tells it: artifact by artifact.
  'repository.deleted': (p) =>
    p.artifacts.map((artifact) => ({ type: 'DELETE_ARTIFACT', resources: resourcesOf(artifact) })),
  'quota.exceeded': (p) => ({
    type: 'QUOTA_EXCEED',
    resources: p.digest || p.tag ? resourcesOf({ digest: p.digest ?? '', tags: p.tag ? [p.tag] : [] }) : [],
    customAttributes: { Details: p.message },
  }),
  // The operator is how it came about, as in Harbor.
  'retention.applied': ({ trigger: operator, ...facts }) => ({
    type: 'TAG_RETENTION',
    operator,
    retention: facts,
  }),
}

/** Types of the events that webhooks may tell of. */
export const TOLD_EVENTS = Object.keys(SOURCES) as readonly (keyof EventPayloads)[]

/** The event as webhooks tell of it, which may be several, or none. */
export function toWebhookEvents({ type, payload, occurrenceTime, traceparent }: HeardEvent): WebhookEvent[] {
  const tell = SOURCES[type] as ((of: typeof payload) => Told | Told[]) | undefined
  const told = tell?.(payload) ?? []

  const common = payload as Common

  return [told].flat().map((one) => ({
    time: occurrenceTime,
    operator: common.actor?.username ?? '',
    projectId: common.projectId ?? 0,
    repository: repositoryIn(common),
    resources: [],
    customAttributes: {},
    ...(traceparent === undefined ? {} : { traceparent }),
    ...one,
  }))
}

/** One resource for each tag; one for the digest where there is none. */
function resourcesOf({
  digest,
  tags,
}: {
  digest: string
  tags: readonly string[]
}): WebhookEvent['resources'] {
  return tags.length > 0 ? tags.map((tag) => ({ digest, tag })) : [{ digest, tag: undefined }]
}

function repositoryIn(payload: Common): EventRepository | undefined {
  const { repository: name, repositoryId: id, projectName = '' } = payload
  return name ? { id, projectName, name } : undefined
}
