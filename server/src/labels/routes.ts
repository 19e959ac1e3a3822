import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/labels'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { projectOfScope } from './model.ts'
import {
  type Caller,
  changeLabel,
  createLabel,
  getLabel,
  type LabelListRequest,
  type LabelsDeps,
  listLabels,
  removeLabel,
} from './service.ts'
import type { LabelField } from './store.ts'
import { textOf, toWire } from './wire.ts'

const FIELDS: Fields<LabelField> = {
  id: 'integer',
  name: 'string',
  description: 'string',
  color: 'string',
  scope: 'string',
  project_id: 'integer',
  creation_time: 'time',
  update_time: 'time',
}

const ONE = '/labels/:label_id'

/**
 * `/labels`. Whom a label is for depends on the label, so the guard lets everybody through to the service,
 * which asks for the permission.
 */
export function labelsRoutes(deps: LabelsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/labels',
      {
        schema: { querystring: Wire.LabelListQuery, refusals: [403], response: { 200: Wire.LabelList } },
        config: { permission: 'anonymous' },
      },
      async (request, reply) => {
        const { labels, total } = await listLabels(deps, request.principal, readList(request.query))
        sendTotal(request, reply, request.query, total)
        return labels.map(toWire)
      },
    )

    app.post(
      '/labels',
      { schema: { body: Wire.LabelReq }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        const { body } = request
        const projectId = projectOfScope(body.scope, body.project_id)
        const id = await createLabel(deps, callerOf(request), projectId, textOf(body))
        return reply.code(201).header('location', `${app.prefix}/labels/${id}`).send()
      },
    )

    app.get(
      ONE,
      {
        schema: { params: Wire.LabelParams, refusals: [403], response: { 200: Wire.Label } },
        config: { permission: 'anonymous' },
      },
      async (request) => toWire(await getLabel(deps, request.principal, request.params.label_id)),
    )

    app.put(
      ONE,
      { schema: { params: Wire.LabelParams, body: Wire.LabelReq }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        await changeLabel(deps, callerOf(request), request.params.label_id, textOf(request.body))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      { schema: { params: Wire.LabelParams }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        await removeLabel(deps, callerOf(request), request.params.label_id)
        return reply.send()
      },
    )
  }
}

function callerOf(request: FastifyRequest): Caller {
  return { principal: request.principal, actor: actorOf(request) }
}

function readList(query: Wire.LabelListQuery): LabelListRequest {
  const { scope = '' } = query
  if (scope !== 'g' && scope !== 'p') throw new DomainError('bad-request', `invalid scope: ${scope}`)
  const projectId = scope === 'p' ? (query.project_id ?? 0) : undefined
  if (projectId === 0) {
    throw new DomainError('bad-request', 'must with project ID when to query project labels')
  }
  const filters = parseFilters(query.q, FIELDS)
  if (query.name) filters.push({ field: 'name', op: 'fuzzy', value: query.name })
  const orders = parseSort(query.sort, Object.keys(FIELDS) as LabelField[])
  return { projectId, filters, orders, page: toPage(query) }
}
