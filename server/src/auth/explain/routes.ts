import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ExplainQuery, Explanation } from '@portolan/api/access'
import { decide } from '../../access/decide.ts'
import type { Principal } from '../../access/model.ts'
import { DomainError } from '../../platform/errors.ts'
import { type ExplainDeps, explainAccess, findSubject } from './service.ts'

/** `/access/explain`: whether somebody may do something, and why. About himself everybody asks, about others who may. */
export function explainRoutes(deps: ExplainDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/access/explain',
      {
        schema: { operationId: 'explainAccess', querystring: ExplainQuery, response: { 200: Explanation } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        const { query, principal: asker } = request
        const himself = nameOf(asker)
        const asked = query.principal ?? himself
        if (asked !== himself && !decide(asker, 'access:explain')) {
          throw new DomainError('forbidden', 'forbidden')
        }
        // With the limits of the token that he shows, if he shows one.
        const subject = asked === himself ? { principal: asker } : await findSubject(deps, asked)
        const { permission, project } = query
        const { allowed, reasons } = await explainAccess(deps, asker, subject, permission, project)
        return {
          principal: asked,
          permission,
          ...(project === undefined ? {} : { project }),
          allowed,
          reasons: reasons.map((reason) => ({
            kind: reason.kind,
            ...('role' in reason ? { role: reason.role } : {}),
            ...('group' in reason && reason.group !== undefined ? { group: reason.group } : {}),
          })),
        }
      },
    )
  }
}

function nameOf(principal: Principal): string {
  return principal.kind === 'anonymous' ? 'anonymous' : `${principal.kind}:${principal.username}`
}
