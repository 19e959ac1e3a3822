import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/retentions'
import { DomainError } from '../../platform/errors.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { actorOf } from '../../platform/http/principal.ts'
import { endRun, orderRunOf, readRunLog, selectRuns, selectRunTasks } from '../runs.ts'
import type { RetentionDeps } from '../service.ts'
import { executionToWire, systemPolicyToWire, taskToWire, toContent } from '../wire.ts'
import { getSystemPolicy, removeSystemPolicy, setSystemPolicy, showSystemPolicy } from './service.ts'

const POLICY = '/system/retention'
const EXECUTIONS = `${POLICY}/executions`
const EXECUTION = `${EXECUTIONS}/:eid`

// What all projects go by unless they say otherwise is a matter of the configuration.
const READ = { permission: { system: 'configuration:read' } } as const
const UPDATE = { permission: { system: 'configuration:update' } } as const

/** `/system/retention`, ours: the policy of all projects that have none of their own, and its runs. */
export function systemRetentionRoutes(deps: RetentionDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      POLICY,
      {
        schema: {
          operationId: 'getSystemRetention',
          response: { 200: Wire.SystemRetentionPolicy },
          refusals: [404],
        },
        config: READ,
      },
      async () => systemPolicyToWire(await showSystemPolicy(deps)),
    )

    app.put(
      POLICY,
      {
        schema: {
          operationId: 'setSystemRetention',
          description: 'Makes it where there is none.',
          body: Wire.SystemRetentionPolicy,
          refusals: [409],
        },
        config: UPDATE,
      },
      async (request, reply) => {
        await setSystemPolicy(deps, toContent(request.body), actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      POLICY,
      { schema: { operationId: 'deleteSystemRetention', refusals: [404] }, config: UPDATE },
      async (request, reply) => {
        await removeSystemPolicy(deps, actorOf(request))
        return reply.send()
      },
    )

    app.post(
      EXECUTIONS,
      {
        schema: {
          operationId: 'startSystemRetention',
          body: Wire.RetentionRunReq,
          response: { 201: Wire.RetentionStarted },
          refusals: [404],
        },
        config: UPDATE,
      },
      async (request, reply) => {
        const policy = await getSystemPolicy(deps)
        const order = { actor: actorOf(request), dryRun: request.body.dry_run ?? false }
        const run = await orderRunOf(deps, policy, undefined, order)
        return reply.code(201).header('location', `${app.prefix}${EXECUTIONS}/${run}`).send({ id: run })
      },
    )

    app.get(
      EXECUTIONS,
      {
        schema: {
          operationId: 'listSystemRetentionExecutions',
          querystring: Wire.OurRetentionPageQuery,
          response: { 200: Wire.RetentionExecutions },
          refusals: [404],
        },
        config: READ,
      },
      async (request, reply) => {
        const { id } = await getSystemPolicy(deps)
        const { executions, total } = await selectRuns(deps, id, toPage(request.query))
        sendTotal(request, reply, request.query, total)
        return executions.map(executionToWire)
      },
    )

    app.patch(
      EXECUTION,
      {
        schema: {
          operationId: 'stopSystemRetention',
          params: Wire.SystemRetentionExecutionParams,
          body: Wire.RetentionStopReq,
        },
        config: UPDATE,
      },
      async (request, reply) => {
        if (request.body.action !== 'stop') {
          throw new DomainError('bad-request', "bad request: action should be 'stop'")
        }
        const { id } = await getSystemPolicy(deps)
        await endRun(deps, id, request.params.eid)
        return reply.send()
      },
    )

    app.get(
      `${EXECUTION}/tasks`,
      {
        schema: {
          operationId: 'listSystemRetentionTasks',
          params: Wire.SystemRetentionExecutionParams,
          querystring: Wire.OurRetentionPageQuery,
          response: { 200: Wire.RetentionExecutionTasks },
        },
        config: READ,
      },
      async (request, reply) => {
        const { params, query } = request
        const { id } = await getSystemPolicy(deps)
        const { tasks, total } = await selectRunTasks(deps, id, params.eid, toPage(query))
        sendTotal(request, reply, query, total)
        return tasks.map(taskToWire)
      },
    )

    app.get(
      `${EXECUTION}/tasks/:tid`,
      {
        schema: {
          operationId: 'getSystemRetentionLog',
          params: Wire.SystemRetentionTaskParams,
          response: { 200: Wire.RetentionLog },
        },
        config: READ,
      },
      async (request, reply) => {
        const { eid: executionId, tid: taskId } = request.params
        const { id } = await getSystemPolicy(deps)
        const text = await readRunLog(deps, id, { executionId, taskId })
        return reply.type('text/plain').send(text)
      },
    )
  }
}
