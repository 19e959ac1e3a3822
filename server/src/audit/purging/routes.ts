import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { systemJobRoutes } from '../../jobs/system-job/routes.ts'
import type { SystemJobDeps } from '../../jobs/system-job/service.ts'
import { purgeSystemJob } from './job.ts'

/** `/system/purgeaudit`. */
export function purgeRoutes(deps: SystemJobDeps): FastifyPluginAsyncTypebox {
  return systemJobRoutes(deps, purgeSystemJob, {
    path: '/system/purgeaudit',
    idName: 'purge_id',
    permissions: {
      list: 'purge-audit:list',
      read: 'purge-audit:read',
      create: 'purge-audit:create',
      update: 'purge-audit:update',
      stop: 'purge-audit:stop',
    },
    missing: (id) => `execution ${id} not found`,
    logMissing: (id) => `purge job with execution ID: ${id} taskLog is not found`,
    hidden: [],
  })
}
