import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProjectParams } from '@portolan/api/projects'
import * as Wire from '@portolan/api/webhooks'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { EVENT_TYPES, PAYLOAD_FORMATS, TARGET_TYPES } from './model.ts'
import type { PolicyField } from './policy-store.ts'
import {
  changePolicy,
  createPolicy,
  getPolicy,
  listLastTriggers,
  listPolicies,
  removePolicy,
  type WebhooksDeps,
} from './service.ts'
import { toLastTrigger, toRequest, toWire } from './wire.ts'

const FIELDS: Fields<PolicyField> = {
  id: 'integer',
  name: 'string',
  description: 'string',
  enabled: 'boolean',
  creator: 'string',
  creation_time: 'time',
  update_time: 'time',
}

const WEBHOOK = '/projects/:project_name_or_id/webhook'
const ALL = `${WEBHOOK}/policies`
const ONE = `${ALL}/:webhook_policy_id`

const READ = { permission: { project: 'notification-policy:read' } } as const

/** `/projects/{project_name_or_id}/webhook`: the webhooks themselves; deliveries are in `delivery-routes.ts`. */
export function webhooksRoutes(deps: WebhooksDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      `${WEBHOOK}/events`,
      { schema: { params: ProjectParams, response: { 200: Wire.SupportedWebhookEventTypes } }, config: READ },
      async () => ({
        event_type: [...EVENT_TYPES],
        notify_type: [...TARGET_TYPES],
        payload_formats: [{ notify_type: 'http', formats: [...PAYLOAD_FORMATS] }],
      }),
    )

    app.get(
      `${WEBHOOK}/lasttrigger`,
      { schema: { params: ProjectParams, response: { 200: Wire.WebhookLastTriggers } }, config: READ },
      async ({ project }) => (await listLastTriggers(deps, project.id)).map(toLastTrigger),
    )

    app.get(
      ALL,
      {
        schema: {
          params: ProjectParams,
          querystring: Wire.WebhookListQuery,
          response: { 200: Wire.WebhookPolicyList },
        },
        config: { permission: { project: 'notification-policy:list' } },
      },
      async (request, reply) => {
        const { policies, total } = await listPolicies(deps, request.project.id, {
          filters: parseFilters(request.query.q, FIELDS),
          orders: parseSort(request.query.sort, Object.keys(FIELDS) as PolicyField[]),
          page: toPage(request.query),
        })
        sendTotal(request, reply, request.query, total)
        return policies.map(toWire)
      },
    )

    app.post(
      ALL,
      {
        schema: { params: ProjectParams, body: Wire.WebhookPolicyReq },
        config: { permission: { project: 'notification-policy:create' } },
      },
      async (request, reply) => {
        const { project } = request
        const id = await createPolicy(deps, project, toRequest(request.body), actorOf(request))
        const location = `${app.prefix}/projects/${project.id}/webhook/policies/${id}`
        return reply.code(201).header('location', location).send()
      },
    )

    app.get(
      ONE,
      { schema: { params: Wire.WebhookPolicyParams, response: { 200: Wire.WebhookPolicy } }, config: READ },
      async ({ project, params }) => toWire(await getPolicy(deps, project.id, params.webhook_policy_id)),
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.WebhookPolicyParams, body: Wire.WebhookPolicyReq },
        config: { permission: { project: 'notification-policy:update' } },
      },
      async (request, reply) => {
        const { project, params, body } = request
        await changePolicy(deps, project, params.webhook_policy_id, toRequest(body), actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { params: Wire.WebhookPolicyParams },
        config: { permission: { project: 'notification-policy:delete' } },
      },
      async (request, reply) => {
        await removePolicy(deps, request.project, request.params.webhook_policy_id, actorOf(request))
        return reply.send()
      },
    )
  }
}
