import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decide, decideEverywhere } from '../access/decide.ts'
import { loginRoutes } from '../auth/routes.ts'
import { restAuthentication } from '../auth/sessions/routes.ts'
import { keySetRoutes, tokenRoutes } from '../auth/tokens/routes.ts'
import { deadLettersRoutes } from '../dead-letters/routes.ts'
import { findProjectContext } from '../members/service.ts'
import type { Subscriber } from '../platform/events/subscriber.ts'
import { type RestOptions, restPlugin } from '../platform/http/rest.ts'
import { registryRoutes } from '../registry/routes.ts'
import { createRepositoryLookup } from '../repositories/lookup.ts'
import { checkWritable } from '../settings/read-only.ts'
import { versionRoutes } from '../system/routes.ts'
import { contentRoutes } from './content-routes.ts'
import { devcenterPlugin, explorerDirectory } from './devcenter.ts'
import { externalOrigin, isOverTls } from './http.ts'
import { identityRoutes } from './identity-routes.ts'
import { listRoutes } from './openapi/route-list.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { emptyLists } from './pending/lists.ts'
import { pendingRoutes } from './pending/routes.ts'
import { portalDirectory, portalPlugin } from './portal.ts'
import { callerOf } from './registry-caller.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'
import { createRedirectRule } from './storage.ts'
import { viewRoutes } from './view-routes.ts'

/** Everything that is answered, and who answers it: the REST API, the token service, `/v2` and the portal. */
export async function addRoutes(
  app: FastifyInstance,
  parts: ServerParts,
  services: Services,
  subscribers: readonly Subscriber[],
): Promise<void> {
  const { config, db, prepared, version } = parts
  const { settings, auth, data } = services
  const originOf = (request: FastifyRequest) => externalOrigin(config, request)
  const https = isOverTls(config)
  const guard: Omit<RestOptions, 'routes'> = {
    https,
    decide,
    decideEverywhere,
    authenticate: restAuthentication(auth),
    checkWritable: () => checkWritable(settings),
    projectContext: (principal, nameOrId, byName) => findProjectContext({ db }, principal, nameOrId, byName),
  }
  const selfRegistration = () => settings.get('self_registration')
  const v2 = [
    ...identityRoutes(parts, services, guard),
    ...contentRoutes(parts, services, guard),
    ...viewRoutes(parts, services, originOf),
    deadLettersRoutes({ db, subscribers }),
    openApiRoutes(listRoutes(app), version),
    emptyLists(),
    pendingRoutes(),
  ]

  await app.register(restPlugin({ ...guard, routes: v2 }), { prefix: '/api/v2.0' })
  await app.register(restPlugin({ ...guard, routes: [versionRoutes()] }), { prefix: '/api' })
  await app.register(restPlugin({ ...guard, routes: [loginRoutes({ ...auth, selfRegistration })] }), {
    prefix: '/c',
  })
  await app.register(restPlugin({ ...guard, routes: [tokenRoutes(auth)] }), { prefix: '/service' })
  await app.register(restPlugin({ ...guard, routes: [keySetRoutes(auth)] }), { prefix: '/.well-known' })
  await app.register(
    registryRoutes({
      authenticate: callerOf(auth),
      findProject: services.findProject,
      findRepository: createRepositoryLookup(prepared),
      repositories: { db: prepared },
      uploads: { ...data.uploads, db: prepared },
      mayRedirect: createRedirectRule(config),
      artifacts: { ...data.artifacts, db: prepared },
      recordPull: data.pulls.record,
      tellQuotaExceeded: services.tellQuotaExceeded,
      checkWritable: () => checkWritable(settings),
      externalOrigin: originOf,
      manifestMaxBytes: config.registry.manifestMaxBytes,
    }),
  )
  await app.register(devcenterPlugin({ directory: explorerDirectory(), https }))
  await app.register(portalPlugin({ directory: portalDirectory(), https }))
}
