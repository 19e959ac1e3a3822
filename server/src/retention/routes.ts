import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/retentions'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { repositoryKey } from '../repositories/routes.ts'
import { getByKey } from '../repositories/service.ts'
import { explain } from './explain.ts'
import {
  type Caller,
  changePolicy,
  createPolicy,
  getPolicy,
  getRunLog,
  listRuns,
  listRunTasks,
  orderRun,
  type RetentionDeps,
  removePolicy,
  stopRun,
} from './service.ts'
import { executionToWire, explanationToWire, METADATA, taskToWire, toRequest, toWire } from './wire.ts'

const ONE = '/retentions/:id'
const EXECUTIONS = `${ONE}/executions`
const EXECUTION = `${EXECUTIONS}/:eid`

// Whose a policy is is stored with it, so the service asks whether the caller may.
const SIGNED_IN = { permission: 'authenticated' } as const

/** `/retentions`, and what a policy would do with a repository. */
export function retentionRoutes(deps: RetentionDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/retentions/metadatas',
      { schema: { response: { 200: Wire.RetentionMetadata } }, config: SIGNED_IN },
      async () => METADATA,
    )

    app.post(
      '/retentions',
      { schema: { body: Wire.RetentionPolicy }, config: SIGNED_IN },
      async (request, reply) => {
        const id = await createPolicy(deps, callerOf(request), toRequest(request.body))
        return reply.code(201).header('location', `${app.prefix}/retentions/${id}`).send()
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.RetentionParams, response: { 200: Wire.RetentionPolicy } },
        config: SIGNED_IN,
      },
      async (request) => toWire(await getPolicy(deps, request.principal, request.params.id)),
    )

    app.put(
      ONE,
      { schema: { params: Wire.RetentionParams, body: Wire.RetentionPolicy }, config: SIGNED_IN },
      async (request, reply) => {
        await changePolicy(deps, callerOf(request), request.params.id, toRequest(request.body))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      { schema: { params: Wire.RetentionParams }, config: SIGNED_IN },
      async (request, reply) => {
        await removePolicy(deps, callerOf(request), request.params.id)
        return reply.send()
      },
    )

    app.post(
      EXECUTIONS,
      { schema: { params: Wire.RetentionParams, body: Wire.RetentionRunReq }, config: SIGNED_IN },
      async (request, reply) => {
        const { id } = request.params
        const run = await orderRun(deps, callerOf(request), id, request.body.dry_run ?? false)
        return reply.code(201).header('location', `${app.prefix}/retentions/${id}/executions/${run}`).send()
      },
    )

    app.get(
      EXECUTIONS,
      {
        schema: {
          params: Wire.RetentionParams,
          querystring: Wire.RetentionPageQuery,
          response: { 200: Wire.RetentionExecutions },
        },
        config: SIGNED_IN,
      },
      async (request, reply) => {
        const { principal, params, query } = request
        const { executions, total } = await listRuns(deps, principal, params.id, toPage(query))
        sendTotal(request, reply, query, total)
        return executions.map(executionToWire)
      },
    )

    app.patch(
      EXECUTION,
      { schema: { params: Wire.RetentionExecutionParams, body: Wire.RetentionStopReq }, config: SIGNED_IN },
      async (request, reply) => {
        const { principal, params, body } = request
        if (body.action === 'stop') await stopRun(deps, principal, params.id, params.eid)
        else {
          await listRuns(deps, principal, params.id, { limit: 1, offset: 0 })
          throw new DomainError('bad-request', "bad request: action should be 'stop'")
        }
        return reply.send()
      },
    )

    app.get(
      `${EXECUTION}/tasks`,
      {
        schema: {
          params: Wire.RetentionExecutionParams,
          querystring: Wire.RetentionPageQuery,
          response: { 200: Wire.RetentionExecutionTasks },
        },
        config: SIGNED_IN,
      },
      async (request, reply) => {
        const { principal, params, query } = request
        const run = { id: params.id, executionId: params.eid }
        const { tasks, total } = await listRunTasks(deps, principal, run, toPage(query))
        sendTotal(request, reply, query, total)
        return tasks.map(taskToWire)
      },
    )

    app.get(
      `${EXECUTION}/tasks/:tid`,
      {
        schema: { params: Wire.RetentionTaskParams, response: { 200: Wire.RetentionLog } },
        config: SIGNED_IN,
      },
      async (request, reply) => {
        const { id, eid: executionId, tid: taskId } = request.params
        const text = await getRunLog(deps, request.principal, { id, executionId, taskId })
        return reply.type('text/plain').send(text)
      },
    )

    app.get(
      '/projects/:project_name/repositories/:repository_name/retention',
      {
        schema: {
          operationId: 'explainRetention',
          description: 'Which artifacts are the newest takes all of them: a page costs as much as the whole.',
          params: Wire.RetentionExplainParams,
          querystring: Wire.OurRetentionPageQuery,
          response: { 200: Wire.RetentionExplanation },
        },
        config: { permission: { project: 'tag-retention:read' } },
      },
      async (request, reply) => {
        const { id, name, projectId, projectName } = await getByKey(deps, repositoryKey(request))
        const place = { id, name, projectId, projectName }
        const explanation = await explain(deps, place, toPage(request.query))
        sendTotal(request, reply, request.query, explanation.total)
        return explanationToWire(explanation)
      },
    )
  }
}

function callerOf(request: FastifyRequest): Caller {
  return { principal: request.principal, actor: actorOf(request) }
}
