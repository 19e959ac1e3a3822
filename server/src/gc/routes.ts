import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { systemJobRoutes } from '../jobs/system-job/routes.ts'
import type { SystemJob, SystemJobDeps } from '../jobs/system-job/service.ts'

/** `/system/gc`. */
export function gcRoutes(deps: SystemJobDeps, job: SystemJob): FastifyPluginAsyncTypebox {
  return systemJobRoutes(deps, job, {
    path: '/system/gc',
    idName: 'gc_id',
    permissions: {
      list: 'garbage-collection:list',
      read: 'garbage-collection:read',
      create: 'garbage-collection:create',
      update: 'garbage-collection:update',
      stop: 'garbage-collection:stop',
    },
    missing: (id) => `garbage collection execution ${id} not found`,
    logMissing: (id) => `garbage collection ${id} log is not found`,
    hidden: ['dry_run', 'time_window'],
  })
}
