import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { countArtifacts } from '../artifacts/listed-store.ts'
import { purgeRoutes } from '../audit/purging/routes.ts'
import { auditRoutes } from '../audit/routes.ts'
import { gcRoutes } from '../gc/routes.ts'
import { jobsRoutes } from '../jobs/routes.ts'
import { scrubRoutes } from '../scrub/routes.ts'
import { searchRoutes } from '../search/routes.ts'
import { allowlistRoutes } from '../settings/allowlist/routes.ts'
import { settingsRoutes } from '../settings/routes.ts'
import { statisticsRoutes } from '../statistics/routes.ts'
import { createStoredBytes } from '../statistics/service.ts'
import { systemRoutes } from '../system/routes.ts'
import { webhookQueues } from '../webhooks/queues-store.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

/** The REST API of the system as a whole: its state, its settings, and what is told of it. */
export function viewRoutes(
  { db, storage, version }: ServerParts,
  { settings, configuration, projects, auth, gc, scrub }: Services,
  originOf: (request: FastifyRequest) => string,
): FastifyPluginAsync[] {
  return [
    systemRoutes({ db, settings, storage, version, originOf, now: auth.now }),
    settingsRoutes(configuration),
    allowlistRoutes(configuration),
    searchRoutes({ projects, countArtifacts }),
    statisticsRoutes({ db, storedBytes: createStoredBytes(db) }),
    auditRoutes({ db }),
    jobsRoutes({ db, storage, others: [webhookQueues] }),
    gcRoutes({ db, storage }, gc),
    scrubRoutes(scrub),
    purgeRoutes({ db, storage }),
  ]
}
