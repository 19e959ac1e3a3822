import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'
import { ProjectParams } from './projects.ts'

const Time = Type.String({ format: 'date-time' })
const Id = Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })

/** Where a webhook sends to. Fields that Harbor does not have are marked as ours. */
export const WebhookTargetObject = Type.Object({
  type: Type.Optional(Type.String({ description: '`http`, `slack`, or `teams`, which is ours.' })),
  address: Type.Optional(Type.String({ maxLength: 2048 })),
  auth_header: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'Sent as `Authorization`. Answers show that it is there, not what it is: what they show, sent back, keeps it.',
    }),
  ),
  skip_cert_verify: Type.Optional(Type.Boolean()),
  payload_format: Type.Optional(
    Type.String({ description: '`Default` or `CloudEvents`; of the type `http` only.' }),
  ),
  custom_headers: Type.Optional(
    Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 4096 }), {
      maxProperties: 20,
      description: 'Ours: further headers. Answers show their names.',
    }),
  ),
  payload_template: Type.Optional(
    Type.String({
      maxLength: 16_384,
      description:
        'Ours: the JSON to send instead, in which `{{event_data.repository.name}}` stands for a text within quotes, and `{{{event_data}}}` for any value.',
    }),
  ),
  signing_secret: Type.Optional(
    Type.String({
      maxLength: 1024,
      description:
        'Ours, never shown: the key of the signature in `X-Portolan-Signature`. Absent leaves it as it is, empty removes it.',
    }),
  ),
  signed: Type.Optional(Type.Boolean({ description: 'Ours: whether there is a signing secret.' })),
})
export type WebhookTargetObject = Static<typeof WebhookTargetObject>

/** A webhook of a project. */
export const WebhookPolicy = Type.Object({
  id: Type.Integer(),
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  project_id: Type.Integer(),
  targets: Type.Array(WebhookTargetObject),
  event_types: Type.Array(Type.String()),
  creator: Type.Optional(Type.String()),
  creation_time: Time,
  update_time: Time,
  enabled: Type.Boolean(),
  repository_pattern: Type.Optional(Type.String()),
  tag_pattern: Type.Optional(Type.String()),
})
export type WebhookPolicy = Static<typeof WebhookPolicy>

export const WebhookPolicyList = Type.Array(WebhookPolicy)

/** What is set of a webhook; the whole of it, also when it is changed. */
export const WebhookPolicyReq = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 256 })),
  description: Type.Optional(Type.String({ maxLength: 10_000 })),
  targets: Type.Optional(Type.Array(WebhookTargetObject, { maxItems: 10 })),
  event_types: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 50 })),
  enabled: Type.Optional(Type.Boolean()),
  repository_pattern: Type.Optional(
    Type.String({
      maxLength: 1024,
      description: 'Ours: of which repositories, such as `team/**`, without the project. Empty: of all.',
    }),
  ),
  tag_pattern: Type.Optional(
    Type.String({
      maxLength: 1024,
      description: 'Ours: of which tags, such as `v*`. What has no tag passes an empty pattern only.',
    }),
  ),
})
export type WebhookPolicyReq = Static<typeof WebhookPolicyReq>

export const WebhookPolicyParams = Type.Object({ ...ProjectParams.properties, webhook_policy_id: Id })

export const WebhookExecutionParams = Type.Object({
  ...WebhookPolicyParams.properties,
  execution_id: Id,
})

export const WebhookTaskParams = Type.Object({ ...WebhookExecutionParams.properties, task_id: Id })

export const WebhookListQuery = Type.Object({ ...ListQuery })

export const SupportedWebhookEventTypes = Type.Object({
  event_type: Type.Array(Type.String()),
  notify_type: Type.Array(Type.String()),
  payload_formats: Type.Array(
    Type.Object({ notify_type: Type.String(), formats: Type.Array(Type.String()) }),
  ),
})

export const WebhookLastTriggers = Type.Array(
  Type.Object({
    policy_name: Type.Optional(Type.String()),
    event_type: Type.String(),
    enabled: Type.Optional(Type.Boolean()),
    creation_time: Time,
    last_trigger_time: Type.Optional(Time),
  }),
)
export type WebhookLastTriggers = Static<typeof WebhookLastTriggers>

/** A delivery as Harbor shows it: an execution with one task. */
export const WebhookExecution = Type.Object({
  id: Type.Integer(),
  vendor_type: Type.String(),
  vendor_id: Type.Integer(),
  status: Type.String(),
  status_message: Type.Optional(Type.String()),
  metrics: Type.Record(Type.String(), Type.Integer()),
  trigger: Type.String(),
  extra_attrs: Type.Object({ event_type: Type.String(), payload: Type.String() }),
  start_time: Time,
  end_time: Type.Optional(Time),
})
export type WebhookExecution = Static<typeof WebhookExecution>

export const WebhookExecutions = Type.Array(WebhookExecution)

export const WebhookTask = Type.Object({
  id: Type.Integer(),
  execution_id: Type.Integer(),
  status: Type.String(),
  status_message: Type.Optional(Type.String()),
  run_count: Type.Optional(Type.Integer()),
  creation_time: Time,
  update_time: Time,
  start_time: Type.Optional(Time),
  end_time: Type.Optional(Time),
})
export type WebhookTask = Static<typeof WebhookTask>

export const WebhookTasks = Type.Array(WebhookTask)

export const WebhookJobQuery = Type.Object({
  ...ListQuery,
  policy_id: Id,
  status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 20 })])),
})

export const WebhookJobs = Type.Array(
  Type.Object({
    id: Type.Integer(),
    policy_id: Type.Integer(),
    event_type: Type.String(),
    notify_type: Type.String(),
    status: Type.String(),
    job_detail: Type.String(),
    creation_time: Time,
    update_time: Time,
  }),
)
export type WebhookJobs = Static<typeof WebhookJobs>

/** Ours: how it goes with a webhook. */
export const WebhookState = Type.Object({
  waiting: Type.Integer({ description: 'Deliveries that are to be made.' }),
  oldest_waiting: Type.Optional(Time),
  dead_letters: Type.Integer({
    description: 'Deliveries that were given up: the gap. They can be replayed.',
  }),
  gap_begin: Type.Optional(Time),
  gap_end: Type.Optional(Time),
  targets: Type.Array(
    Type.Object({
      position: Type.Integer(),
      failing_since: Type.Optional(Time),
      failures: Type.Integer(),
      next_attempt: Type.Optional(Time),
    }),
  ),
})
export type WebhookState = Static<typeof WebhookState>

export const WebhookTestResult = Type.Object({
  execution_id: Type.Integer(),
  status: Type.String(),
  status_message: Type.Optional(Type.String()),
})

export const WebhookTestReq = Type.Object({
  target: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 9,
      description: 'The position of the target; the first unless told.',
    }),
  ),
})

export const WebhookReplayed = Type.Object({ replayed: Type.Integer() })

/** Of a delivery, as text. */
export const WebhookLog = Type.String()
