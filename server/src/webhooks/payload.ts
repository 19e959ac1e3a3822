import type { EventType } from './model.ts'

/** Something that happened, as webhooks tell of it. */
export interface WebhookEvent {
  type: EventType
  time: Date
  operator: string
  projectId: number
  /** Undefined where it is about none. */
  repository: EventRepository | undefined
  resources: { digest: string; tag: string | undefined }[]
  /** Where it is about what a run of retention did in a repository. */
  retention?: RetentionFacts
  customAttributes: Readonly<Record<string, string>>
  /** What it was part of, where that was traced. */
  traceparent?: string
}

export interface EventRepository {
  id: number | undefined
  projectName: string
  /** Without the project. */
  name: string
}

export interface RetentionFacts {
  policyId: number
  /** Artifacts that were judged, and that the rules kept. */
  total: number
  retained: number
  /** Absent: the run came to its end. */
  result?: string
  rules: readonly {
    template: string
    params: Readonly<Record<string, unknown>>
    tagSelectors: readonly unknown[]
    scopeSelectors: readonly unknown[]
  }[]
  deleted: readonly { digest: string; tags: readonly string[] }[]
}

/** What must be looked up of a repository before it can be told. */
export interface RepositoryFacts {
  creationTime: Date | undefined
  public: boolean
}

/** Harbor's default payload. */
export interface Payload {
  type: string
  /** Seconds since 1970. */
  occur_at: number
  operator: string
  event_data: {
    resources?: { digest: string; tag: string; resource_url: string }[]
    repository?: {
      date_created: number
      name: string
      namespace: string
      repo_full_name: string
      repo_type: 'public' | 'private'
    }
    retention?: ReturnType<typeof toRetention>
    custom_attributes?: Readonly<Record<string, string>>
  }
}

/** The event in Harbor's words. `host` is that of the registry, as clients write it in front of a repository. */
export function toPayload(event: WebhookEvent, facts: RepositoryFacts, host: string): Payload {
  const { repository, resources, customAttributes, retention } = event
  const fullName = repository && `${repository.projectName}/${repository.name}`

  return {
    type: event.type,
    occur_at: Math.floor(event.time.getTime() / 1000),
    operator: event.operator,
    event_data: {
      ...(resources.length > 0 && {
        resources: resources.map(({ digest, tag }) => ({
          digest,
          tag: tag ?? digest,
          resource_url: `${host}/${fullName}${tag === undefined ? `@${digest}` : `:${tag}`}`,
        })),
      }),
      ...(repository && {
        repository: {
          date_created: Math.floor((facts.creationTime?.getTime() ?? 0) / 1000),
          name: repository.name,
          namespace: repository.projectName,
          repo_full_name: fullName ?? '',
          repo_type: facts.public ? ('public' as const) : ('private' as const),
        },
      }),
      ...(retention && repository && { retention: toRetention(retention, repository, host) }),
      ...(Object.keys(customAttributes).length > 0 && { custom_attributes: customAttributes }),
    },
  }
}

/** Harbor names one of the deleted artifacts, the last one; here all are named that are told. */
function toRetention(facts: RetentionFacts, { projectName, name }: EventRepository, host: string) {
  return {
    total: facts.total,
    retained: facts.retained,
    harbor_hostname: host.replace(/:\d+$/, ''),
    project_name: projectName,
    retention_policy_id: facts.policyId,
    retention_rule: facts.rules.map((rule) => ({
      template: rule.template,
      params: rule.params,
      tag_selectors: rule.tagSelectors,
      scope_selectors: { repository: rule.scopeSelectors },
    })),
    result: facts.result ?? 'SUCCESS',
    deleted_artifact: facts.deleted.map(({ digest, tags }) => ({
      type: 'image',
      status: 'SUCCESS',
      name_tag: tags[0] === undefined ? `${name}@${digest}` : `${name}:${tags[0]}`,
    })),
  }
}
