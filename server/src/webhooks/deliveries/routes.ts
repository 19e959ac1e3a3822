import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProjectParams } from '@portolan/api/projects'
import * as Wire from '@portolan/api/webhooks'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../../platform/http/query.ts'
import type { DeliveryField } from '../delivery-store.ts'
import { toExecution, toJob, toState, toTask } from '../wire.ts'
import {
  type DeliveriesDeps,
  getDelivery,
  getLog,
  listDeliveries,
  readState,
  redeliver,
  replay,
  sendTest,
} from './service.ts'

const FIELDS: Fields<DeliveryField> = {
  id: 'integer',
  event_type: 'string',
  trigger: 'string',
  status: 'string',
  creation_time: 'time',
  start_time: 'time',
  update_time: 'time',
  end_time: 'time',
}
const SORTABLE = Object.keys(FIELDS) as DeliveryField[]

const WEBHOOK = '/projects/:project_name_or_id/webhook'
const POLICY = `${WEBHOOK}/policies/:webhook_policy_id`
const EXECUTIONS = `${POLICY}/executions`
const EXECUTION = `${EXECUTIONS}/:execution_id`

const READ = { permission: { project: 'notification-policy:read' } } as const
const UPDATE = { permission: { project: 'notification-policy:update' } } as const

/** What webhooks have sent and are to send, in the shape of Harbor's executions; and what is ours: test, redelivery, replay. */
export function deliveryRoutes(deps: DeliveriesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      EXECUTIONS,
      {
        schema: {
          params: Wire.WebhookPolicyParams,
          querystring: Wire.WebhookListQuery,
          response: { 200: Wire.WebhookExecutions },
        },
        config: READ,
      },
      async (request, reply) => {
        const { project, params, query } = request
        const { policy, deliveries, total } = await listDeliveries(
          deps,
          project.id,
          params.webhook_policy_id,
          {
            filters: parseFilters(query.q, FIELDS).map(asShown),
            orders: parseSort(query.sort, SORTABLE).map(asShown),
            page: toPage(query),
          },
        )
        sendTotal(request, reply, query, total)
        return deliveries.map((delivery) => toExecution(delivery, policy))
      },
    )

    app.get(
      `${EXECUTION}/tasks`,
      {
        schema: {
          params: Wire.WebhookExecutionParams,
          querystring: Wire.WebhookListQuery,
          response: { 200: Wire.WebhookTasks },
        },
        config: READ,
      },
      async (request, reply) => {
        const { project, params, query } = request
        const { webhook_policy_id: policyId, execution_id: id } = params
        const { delivery } = await getDelivery(deps, project.id, policyId, id)
        sendTotal(request, reply, query, 1)
        return toPage(query).offset === 0 ? [toTask(delivery)] : []
      },
    )

    app.get(
      `${EXECUTION}/tasks/:task_id/log`,
      { schema: { params: Wire.WebhookTaskParams, response: { 200: Wire.WebhookLog } }, config: READ },
      async (request, reply) => {
        const { webhook_policy_id: policyId, execution_id: id, task_id: taskId } = request.params
        const text = await getLog(deps, request.project.id, policyId, id, taskId)
        return reply.type('text/plain').send(text)
      },
    )

    app.get(
      `${WEBHOOK}/jobs`,
      {
        schema: {
          params: ProjectParams,
          querystring: Wire.WebhookJobQuery,
          response: { 200: Wire.WebhookJobs },
        },
        config: { permission: { project: 'notification-policy:list' } },
      },
      async (request, reply) => {
        const { project, query } = request
        const { policy, deliveries, total } = await listDeliveries(deps, project.id, query.policy_id, {
          filters: parseFilters(query.q, FIELDS),
          ...(query.status !== undefined && { statuses: [query.status].flat() }),
          orders: parseSort(query.sort, SORTABLE),
          page: toPage(query),
        })
        sendTotal(request, reply, query, total)
        return deliveries.map((delivery) => toJob(delivery, policy))
      },
    )

    app.get(
      `${POLICY}/state`,
      {
        schema: {
          operationId: 'getWebhookState',
          params: Wire.WebhookPolicyParams,
          response: { 200: Wire.WebhookState },
        },
        config: READ,
      },
      async ({ project, params }) => toState(await readState(deps, project.id, params.webhook_policy_id)),
    )

    app.post(
      `${POLICY}/test`,
      {
        schema: {
          operationId: 'testWebhook',
          params: Wire.WebhookPolicyParams,
          body: Wire.WebhookTestReq,
          response: { 200: Wire.WebhookTestResult },
        },
        config: UPDATE,
      },
      async (request) => {
        const { project, params, body } = request
        const { webhook_policy_id: policyId } = params
        const result = await sendTest(deps, project, policyId, body.target ?? 0, actorOf(request))
        return { execution_id: result.id, status: result.status, status_message: result.statusMessage }
      },
    )

    app.post(
      `${POLICY}/replay`,
      {
        schema: {
          operationId: 'replayWebhook',
          params: Wire.WebhookPolicyParams,
          response: { 200: Wire.WebhookReplayed },
        },
        config: UPDATE,
      },
      async (request) => {
        const { project, params } = request
        return { replayed: await replay(deps, project, params.webhook_policy_id, actorOf(request)) }
      },
    )

    app.post(
      `${EXECUTION}/redeliver`,
      {
        schema: { operationId: 'redeliverWebhook', params: Wire.WebhookExecutionParams },
        config: UPDATE,
      },
      async (request, reply) => {
        const { project, params } = request
        const { webhook_policy_id: policyId, execution_id: id } = params
        const again = await redeliver(deps, project, policyId, id, actorOf(request))
        const location = `${app.prefix}/projects/${project.id}/webhook/policies/${policyId}/executions/${again}`
        return reply.code(201).header('location', location).send()
      },
    )
  }
}

/** An execution begins when it is ordered; a delivery, with its first attempt. */
function asShown<One extends { field: DeliveryField }>(one: One): One {
  return one.field === 'start_time' ? { ...one, field: 'creation_time' } : one
}
