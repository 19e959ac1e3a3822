import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/quotas'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { parseSort } from '../platform/http/query.ts'
import { NO_TIME } from '../platform/http/wire-time.ts'
import type { QuotaField } from './list-store.ts'
import type { Quota } from './model.ts'
import { changeLimit, getQuota, listQuotas, type QuotasDeps } from './service.ts'

const SORTABLE: readonly QuotaField[] = ['id', 'hard.storage', 'used.storage', 'creation_time', 'update_time']

/** `/quotas`. */
export function quotasRoutes(deps: QuotasDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/quotas',
      {
        schema: { querystring: Wire.QuotaListQuery, response: { 200: Wire.QuotaList } },
        config: { permission: { system: 'quota:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const { quotas, total } = await listQuotas(deps, {
          projectId: projectOf(query.reference, query.reference_id),
          orders: parseSort(query.sort, SORTABLE),
          page: toPage(query),
        })
        sendTotal(request, reply, query, total)
        return quotas.map((quota) => toWire(quota, quota.updateTime.toISOString()))
      },
    )

    app.get(
      '/quotas/:id',
      {
        schema: { params: Wire.QuotaParams, response: { 200: Wire.Quota } },
        config: { permission: { system: 'quota:read' } },
      },
      // As in Harbor: the list alone tells when it was changed.
      async (request) => toWire(await getQuota(deps, request.params.id), NO_TIME),
    )

    app.put(
      '/quotas/:id',
      {
        schema: { params: Wire.QuotaParams, body: Wire.QuotaUpdateReq },
        config: { permission: { system: 'quota:update' } },
      },
      async (request, reply) => {
        await changeLimit(deps, request.params.id, request.body.hard ?? {}, actorOf(request))
        return reply.send()
      },
    )
  }
}

/** Id of the one project that is asked for, undefined for all. Of what there is not, no project has a quota: id 0. */
function projectOf(reference: string | undefined, id: string | undefined): number | undefined {
  if (reference && reference !== 'project') return 0
  if (!id) return undefined

  return /^\d{1,15}$/.test(id) ? Number(id) : 0
}

function toWire(quota: Quota, updateTime: string): Wire.Quota {
  return {
    id: quota.id,
    ref: { id: quota.id, name: quota.projectName, owner_name: '' },
    hard: { storage: quota.limit },
    used: { storage: quota.used },
    creation_time: quota.creationTime.toISOString(),
    update_time: updateTime,
  }
}
