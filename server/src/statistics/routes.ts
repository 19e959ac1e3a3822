import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Statistic } from '@portolan/api/statistics'
import { countEverything, type StatisticsDeps } from './service.ts'

/** `/statistics`. */
export function statisticsRoutes(deps: StatisticsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/statistics',
      { schema: { response: { 200: Statistic } }, config: { permission: 'authenticated' } },
      async (request): Promise<Statistic> => {
        const counts = await countEverything(deps, request.principal)
        return {
          public_project_count: counts.public.projects,
          public_repo_count: counts.public.repositories,
          private_project_count: counts.private.projects,
          private_repo_count: counts.private.repositories,
          total_project_count: counts.total?.projects ?? 0,
          total_repo_count: counts.total?.repositories ?? 0,
          total_storage_consumption: counts.total?.bytes ?? 0,
        }
      },
    )
  }
}
