import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/artifacts'
import { nearestWindow } from '../../platform/db/window.ts'
import { sendTotal, toPage } from '../../platform/http/paging.ts'
import { type Fields, parseFilters, parseSort } from '../../platform/http/query.ts'
import { repositoryKey } from '../../repositories/routes.ts'
import { getArtifact, type ReadingDeps } from '../reading.ts'
import { accessoryToWire } from '../wire.ts'
import { type AccessoryField, countAccessories, selectAccessories } from './list-store.ts'

const FIELDS: Fields<AccessoryField> = {
  id: 'integer',
  type: 'string',
  digest: 'string',
  size: 'integer',
  creation_time: 'time',
}
const SORTABLE = Object.keys(FIELDS) as AccessoryField[]

/** `…/artifacts/{reference}/accessories`: what belongs to an artifact. */
export function accessoriesRoutes(deps: ReadingDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/projects/:project_name/repositories/:repository_name/artifacts/:reference/accessories',
      {
        schema: {
          params: Wire.ArtifactParams,
          querystring: Wire.AccessoryListQuery,
          response: { 200: Wire.AccessoryList },
        },
        config: { permission: { project: 'accessory:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const filters = parseFilters(query.q, FIELDS)
        const subject = await getArtifact(deps, repositoryKey(request), request.params.reference)
        const total = await countAccessories(deps.db, subject, filters)
        const window = nearestWindow(toPage(query), total)
        const orders = parseSort(query.sort, SORTABLE)
        const accessories = await selectAccessories(deps.db, subject, filters, orders, window)
        sendTotal(request, reply, query, total)
        return accessories.map(accessoryToWire)
      },
    )
  }
}
