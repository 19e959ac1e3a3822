import { HARBOR_OPERATIONS, type HarborOperation } from '@portolan/api/operations'
import type { FastifyPluginAsync, FastifyRequest, HTTPMethods } from 'fastify'
import Type from 'typebox'
import { decideEverywhere } from '../../access/decide.ts'
import { DomainError } from '../../platform/errors.ts'
import { PENDING_OPERATIONS, type PendingPermission } from './operations.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set where the operation is not built yet: who hears that. */
    pending?: PendingPermission
  }
}

/** A route for each operation of Harbor's that is not built yet: who may call it hears that, nobody else hears more. */
export function pendingRoutes(): FastifyPluginAsync {
  return async (app) => {
    for (const [id, permission] of Object.entries(PENDING_OPERATIONS)) {
      const operation = HARBOR_OPERATIONS.find((one) => one.id === id)
      if (operation === undefined) throw new Error(`pending operation ${id} is none of Harbor's`)
      app.route({
        method: operation.method as HTTPMethods,
        url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
        schema: schemaOf(operation),
        config: { permission: routePermission(permission), pending: permission },
        handler: async (request) => {
          admit(permission, request)
          throw new DomainError('not-implemented', `${id} is not built yet`)
        },
      })
    }
  }
}

function schemaOf({ path }: HarborOperation) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  if (names.length === 0) return {}

  return { params: Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()]))) }
}

function routePermission(permission: PendingPermission) {
  if (typeof permission === 'string' || 'system' in permission) return permission

  return 'project' in permission ? { project: permission.project } : 'authenticated'
}

/** What the guard of the route could not ask. */
function admit(permission: PendingPermission, { principal }: FastifyRequest): void {
  const signedIn = principal.kind !== 'anonymous'
  if (typeof permission === 'string') return
  if ('signedIn' in permission && !signedIn) throw new DomainError('unauthorized', 'unauthorized')
  if ('everyProject' in permission && !decideEverywhere(principal, permission.everyProject)) {
    throw new DomainError('forbidden', 'forbidden')
  }
}
