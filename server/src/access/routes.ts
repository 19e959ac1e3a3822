import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Permission, PermissionList, PermissionQuery } from '@portolan/api/users'
import { permissionsIn } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import type { Permission as AnyPermission, ProjectPermission } from './permissions.ts'

declare module '../platform/http/guard.ts' {
  /** What routes may ask for, and what the guard puts into their requests. */
  interface AccessWords {
    principal: Principal
    permission: AnyPermission
    project: ProjectContext & { name: string }
  }
}

export interface AccessRoutesDeps {
  /** The live project of that id with the caller's roles in it. From `projects` and `members`. */
  projectContext(principal: Principal, nameOrId: string, byName: boolean): Promise<ProjectContext | undefined>
}

/** `/users/current/permissions`: what the caller may do, so that a portal shows only what he can use. */
export function accessRoutes(deps: AccessRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/users/current/permissions',
      {
        schema: { querystring: PermissionQuery, response: { 200: PermissionList } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        const { scope = '', relative = false } = request.query
        const id = /^\/project\/(\d+)$/.exec(scope)?.[1]
        const project = id && (await deps.projectContext(request.principal, id, false))
        if (!project) return []
        const prefix = relative ? '' : scope
        return permissionsIn(request.principal, project).map((permission) => toResponse(prefix, permission))
      },
    )
  }
}

function toResponse(prefix: string, permission: ProjectPermission): Permission {
  const [resource = '', action = ''] = permission.split(':')
  // The project itself is `.` in Harbor, seen from inside.
  if (resource === 'project') return { resource: prefix || '.', action }
  return { resource: prefix ? `${prefix}/${resource}` : resource, action }
}
