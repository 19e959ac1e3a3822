import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/scrub'
import { systemJobRoutes } from '../jobs/system-job/routes.ts'
import { orderRun } from '../jobs/system-job/service.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import type { FindingField } from './findings-store.ts'
import { scrubSystemJob } from './model.ts'
import { discardFinding, listFindings, restoreFinding, type ShownFinding } from './service.ts'
import type { ScrubDeps } from './settle-object.ts'

const PATH = '/system/scrub'
const FINDINGS = `${PATH}/findings`
const ONE = `${FINDINGS}/:finding_id`

const FIELDS: Fields<FindingField> = {
  id: 'integer',
  kind: 'string',
  state: 'string',
  digest: 'string',
  key: 'string',
  size: 'integer',
  creation_time: 'time',
  expiry_time: 'time',
}

// Whoever may reclaim space may look after it.
const may = (action: 'list' | 'create' | 'update') => ({
  permission: { system: `garbage-collection:${action}` as const },
})

/** `/system/scrub`: runs and their schedule as those of collection, and what they have found. */
export function scrubRoutes(deps: ScrubDeps): FastifyPluginAsyncTypebox {
  const runs = systemJobRoutes(deps, scrubSystemJob, {
    path: PATH,
    idName: 'scrub_id',
    permissions: {
      list: 'garbage-collection:list',
      read: 'garbage-collection:read',
      create: 'garbage-collection:create',
      update: 'garbage-collection:update',
      stop: 'garbage-collection:stop',
    },
    missing: (id) => `scrub execution ${id} not found`,
    logMissing: (id) => `scrub ${id} log is not found`,
    hidden: [],
  })

  return async (app) => {
    await app.register(runs)

    app.post(
      PATH,
      { schema: { operationId: 'startScrub', body: Wire.ScrubRequest }, config: may('create') },
      async (request, reply) => {
        const id = await orderRun(deps, scrubSystemJob, {
          type: 'Manual',
          cron: '',
          parameters: request.body,
        })
        return reply.code(201).header('location', `/api/v2.0${PATH}/${id}`).send()
      },
    )

    app.get(
      FINDINGS,
      {
        schema: {
          operationId: 'listScrubFindings',
          querystring: Wire.FindingQuery,
          response: { 200: Wire.Findings },
        },
        config: may('list'),
      },
      async (request, reply) => {
        const { findings, total } = await listFindings(deps, {
          filters: parseFilters(request.query.q, FIELDS),
          orders: parseSort(request.query.sort, Object.keys(FIELDS) as FindingField[]),
          page: toPage(request.query),
        })
        sendTotal(request, reply, request.query, total)
        return findings.map(toWire)
      },
    )

    app.post(
      `${ONE}/restore`,
      {
        schema: { operationId: 'restoreScrubFinding', params: Wire.FindingParams, refusals: [412] },
        config: may('update'),
      },
      async (request, reply) => {
        await restoreFinding(deps, request.params.finding_id, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      { schema: { operationId: 'discardScrubFinding', params: Wire.FindingParams }, config: may('update') },
      async (request, reply) => {
        await discardFinding(deps, request.params.finding_id, actorOf(request))
        return reply.send()
      },
    )
  }
}

function toWire({ finding, neededBy }: ShownFinding): Wire.Finding {
  return {
    id: finding.id,
    kind: finding.kind,
    state: finding.state,
    key: finding.key,
    ...(finding.digest !== undefined && { digest: finding.digest }),
    ...(finding.size !== undefined && { size: finding.size }),
    needed_by: neededBy,
    creation_time: finding.creationTime.toISOString(),
    seen_time: finding.seenTime.toISOString(),
    ...(finding.expiryTime && { expiry_time: finding.expiryTime.toISOString() }),
    ...(finding.endTime && { end_time: finding.endTime.toISOString() }),
  }
}
