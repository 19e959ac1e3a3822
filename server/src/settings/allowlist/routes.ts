import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/cve-allowlist'
import { actorOf } from '../../platform/http/principal.ts'
import { NO_TIME } from '../../platform/http/wire-time.ts'
import { type AllowlistDeps, findAllowlist, replaceAllowlist, type SystemAllowlist } from './service.ts'

/** There is one. */
const ID = 1

/** `/system/CVEAllowlist`. */
export function allowlistRoutes(deps: AllowlistDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/system/CVEAllowlist',
      { schema: { response: { 200: Wire.SystemAllowlist } }, config: { permission: 'authenticated' } },
      async () => toWire(await findAllowlist(deps)),
    )

    app.put(
      '/system/CVEAllowlist',
      {
        schema: { body: Wire.AllowlistReq },
        config: { permission: { system: 'configuration:update' } },
      },
      async (request, reply) => {
        const { items, expires_at } = request.body
        const ids = (items ?? []).map(({ cve_id }) => cve_id)
        await replaceAllowlist(deps, ids, expires_at || undefined, actorOf(request))
        return reply.send()
      },
    )
  }
}

function toWire(list: SystemAllowlist | undefined): Wire.SystemAllowlist {
  return {
    id: ID,
    items: (list?.items ?? []).map((cve_id) => ({ cve_id })),
    ...(list?.expiresAt === undefined ? {} : { expires_at: list.expiresAt }),
    creation_time: list?.creationTime.toISOString() ?? NO_TIME,
    update_time: list?.updateTime.toISOString() ?? NO_TIME,
  }
}
