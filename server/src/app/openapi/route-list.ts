import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'

declare module 'fastify' {
  /** What a route may say for the description; Harbor's operations need not say the first two. */
  interface FastifySchema {
    operationId?: string
    tags?: string[]
    summary?: string
    description?: string
    /** Statuses it refuses with beyond those that its permission, its schema and Harbor's description tell of. */
    refusals?: readonly number[]
  }
}

/** A route of the REST API as it was registered. */
export interface RestRoute {
  method: string
  /** Fastify's pattern with the prefix: `/api/v2.0/projects/:project_name_or_id`. */
  url: string
  schema: FastifySchema
  permission: NonNullable<FastifyContextConfig['permission']>
  /** Set where it only answers that it is not built yet: who hears that. */
  pending: FastifyContextConfig['pending']
}

/**
 * Writes down every REST route that is registered on `app` or below it from now on; the ones that say who may call
 * them, which the registry's and the portal's do not. HEAD that comes with a GET is not among them.
 */
export function listRoutes(app: FastifyInstance): readonly RestRoute[] {
  const routes: RestRoute[] = []
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const { permission, pending } = config ?? {}
    if (permission === undefined) return
    for (const one of [method].flat()) {
      if (one === 'HEAD' && routes.some((route) => route.url === url && route.method === 'GET')) continue
      routes.push({ method: one, url, schema: schema ?? {}, permission, pending })
    }
  })

  return routes
}
