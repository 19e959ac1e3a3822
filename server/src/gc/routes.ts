import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CandidatesOfCollection, runParams } from '@portolan/api/system-jobs'
import { systemJobRoutes } from '../jobs/system-job/routes.ts'
import { findRun, type SystemJob, type SystemJobDeps } from '../jobs/system-job/service.ts'
import { readTaskList } from '../jobs/task-list.ts'
import { DomainError } from '../platform/errors.ts'

/** `/system/gc`, and what a dry run would delete, however much that is. */
export function gcRoutes(deps: SystemJobDeps, job: SystemJob): FastifyPluginAsyncTypebox {
  const runs = systemJobRoutes(deps, job, {
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

  return async (app) => {
    await app.register(runs)

    app.get(
      '/system/gc/:gc_id/candidates',
      {
        schema: {
          operationId: 'getGCCandidates',
          summary: 'What a dry run of the collection would delete, a JSON object a line',
          params: runParams('gc_id'),
          response: { 200: CandidatesOfCollection },
        },
        config: { permission: { system: 'garbage-collection:read' } },
      },
      async (request, reply) => {
        const id = (request.params as { gc_id: number }).gc_id
        const run = await findRun(deps, job, id)
        const isListed = run?.execution.status === 'Success' && run.execution.attributes.dry_run === true
        if (!run?.task || !isListed) {
          throw new DomainError('not-found', `garbage collection ${id} is no dry run that is over`)
        }
        const list = readTaskList(deps.storage, { id: run.task.id, run: run.task.runCount })
        // A stream goes out as it is.
        return reply.type('application/x-ndjson').send(list as unknown as string)
      },
    )
  }
}
