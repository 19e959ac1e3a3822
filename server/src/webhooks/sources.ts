import type { StoredEvent } from '../platform/events/subscriber.ts'
import type { EventRepository, WebhookEvent } from './events.ts'
import type { EventType } from './model.ts'

/** What a reader makes of an event: all but what stands in every payload. */
type Told = Partial<Pick<WebhookEvent, 'resources' | 'details' | 'customAttributes'>> & { type: EventType }

type Payload = Readonly<Record<string, unknown>>

/** THE TABLE: which facts webhooks tell of, and as what. One that is missing here is told to nobody. */
const SOURCES: Readonly<Record<string, (payload: Payload) => Told | Told[]>> = {
  'artifact.pushed': (p) => ({ type: 'PUSH_ARTIFACT', resources: resourcesOf(p) }),
  'artifact.deleted': (p) => ({ type: 'DELETE_ARTIFACT', resources: resourcesOf(p) }),
  // As Harbor tells it: artifact by artifact.
  'repository.deleted': (p) =>
    artifactsIn(p).map((artifact) => ({ type: 'DELETE_ARTIFACT', resources: resourcesOf(artifact) })),
  'quota.exceeded': (p) => ({
    type: 'QUOTA_EXCEED',
    resources: p.digest || p.tag ? resourcesOf(p) : [],
    customAttributes: { Details: text(p, 'message') },
  }),
}

/** Types of the events that webhooks may tell of. */
export const TOLD_EVENTS: readonly string[] = Object.keys(SOURCES)

/** The event as webhooks tell of it, which may be several, or none. */
export function toWebhookEvents({ type, payload, occurrenceTime }: StoredEvent): WebhookEvent[] {
  const told = SOURCES[type]?.(payload) ?? []

  return [told].flat().map((one) => ({
    time: occurrenceTime,
    operator: operatorIn(payload),
    projectId: Number(payload.projectId ?? 0),
    repository: repositoryIn(payload),
    resources: [],
    details: {},
    customAttributes: {},
    ...one,
  }))
}

function artifactsIn({ artifacts }: Payload): Payload[] {
  return Array.isArray(artifacts) ? artifacts : []
}

/** One resource for each tag; one for the digest where there is none. */
function resourcesOf(payload: Payload): WebhookEvent['resources'] {
  const digest = text(payload, 'digest')
  const tags = [payload.tags ?? payload.tag].flat().filter((tag) => typeof tag === 'string')

  return tags.length > 0 ? tags.map((tag) => ({ digest, tag })) : [{ digest, tag: undefined }]
}

function repositoryIn(payload: Payload): EventRepository | undefined {
  const name = text(payload, 'repository')
  if (name === '') return undefined

  return {
    id: typeof payload.repositoryId === 'number' ? payload.repositoryId : undefined,
    projectName: text(payload, 'projectName'),
    name,
  }
}

function operatorIn(payload: Payload): string {
  const { actor } = payload
  const name = typeof actor === 'object' && actor !== null ? (actor as Payload).username : undefined

  return typeof name === 'string' ? name : ''
}

function text(payload: Payload, key: string): string {
  const value = payload[key]
  return typeof value === 'string' ? value : ''
}
