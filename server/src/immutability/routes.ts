import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/immutable-rules'
import { ProjectParams } from '@portolan/api/projects'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { changeRule, createRule, listRules, removeRule } from './service.ts'
import type { RuleField } from './store.ts'
import { toRule, toWire } from './wire.ts'

const FIELDS: Fields<RuleField> = { id: 'integer', disabled: 'boolean', creation_time: 'time' }

const ALL = '/projects/:project_name_or_id/immutabletagrules'
const ONE = `${ALL}/:immutable_rule_id`

/** `/projects/{project_name_or_id}/immutabletagrules`. */
export function immutableRulesRoutes(deps: { db: Database }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      ALL,
      {
        schema: {
          params: ProjectParams,
          querystring: Wire.ImmutableRuleListQuery,
          response: { 200: Wire.ImmutableRuleList },
        },
        config: { permission: { project: 'immutable-tag:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const { rules, total } = await listRules(deps, request.project.id, {
          filters: parseFilters(query.q, FIELDS),
          orders: parseSort(query.sort, Object.keys(FIELDS) as RuleField[]),
          page: toPage(query),
        })
        sendTotal(request, reply, query, total)
        return rules.map(toWire)
      },
    )

    app.post(
      ALL,
      {
        schema: { params: ProjectParams, body: Wire.ImmutableRuleReq },
        config: { permission: { project: 'immutable-tag:create' } },
      },
      async (request, reply) => {
        const { project } = request
        const id = await createRule(deps, project, toRule(request.body), actorOf(request))
        const location = `${app.prefix}/projects/${project.id}/immutabletagrules/${id}`
        return reply.code(201).header('location', location).send()
      },
    )

    app.put(
      ONE,
      {
        schema: { params: Wire.ImmutableRuleParams, body: Wire.ImmutableRuleReq },
        config: { permission: { project: 'immutable-tag:update' } },
      },
      async (request, reply) => {
        const id = request.params.immutable_rule_id
        if (request.body.id !== undefined && request.body.id !== id) {
          throw new DomainError(
            'bad-request',
            "bad request: the immutable_rule_id doesn't match the id in the payload body of ImmutableRule",
          )
        }
        await changeRule(deps, request.project, { ...toRule(request.body), id }, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { params: Wire.ImmutableRuleParams },
        config: { permission: { project: 'immutable-tag:delete' } },
      },
      async (request, reply) => {
        await removeRule(deps, request.project, request.params.immutable_rule_id, actorOf(request))
        return reply.send()
      },
    )
  }
}
