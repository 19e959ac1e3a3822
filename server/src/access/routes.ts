import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  PermissionList,
  PermissionQuery,
  Permissions,
  type Permission as WirePermission,
} from '@portolan/api/users'
import { DomainError } from '../platform/errors.ts'
import { PROJECT_CATALOGUE, SYSTEM_CATALOGUE } from './catalogue.ts'
import { decide, decideEverywhere, permissionsIn } from './decide.ts'
import type { Principal, ProjectContext } from './model.ts'
import { type Permission, ROLE_PERMISSIONS, SYSTEM_PERMISSIONS } from './permissions.ts'

declare module '../platform/http/guard.ts' {
  /** What routes may ask for, and what the guard puts into their requests. */
  interface AccessWords {
    principal: Principal
    permission: Permission
    project: ProjectContext & { name: string }
  }
}

export interface AccessRoutesDeps {
  /** The live project of that id with the caller's roles in it. From `projects` and `members`. */
  projectContext(principal: Principal, nameOrId: string, byName: boolean): Promise<ProjectContext | undefined>
  /** The projects that a user takes part in, with his roles there. From `members`. */
  participations(userId: number): Promise<ProjectContext[]>
}

/** `/users/current/permissions`: what the caller may do; `/permissions`: what can be given to a robot. */
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
        const permissions = await permissionsInScope(deps, request.principal, scope)
        const prefix = relative ? '' : scope
        const self = scope === '/system' ? undefined : 'project'
        return permissions.map((permission) => toResponse(prefix, permission, self))
      },
    )

    app.get(
      '/permissions',
      { schema: { response: { 200: Permissions } }, config: { permission: 'authenticated' } },
      async (request) => {
        const { principal } = request
        const system = principal.kind === 'user' && decide(principal, 'robot:create')
        if (!system && !(await makesRobots(deps, principal))) {
          const text = 'forbidden: only admins(system and project) can access permissions'
          throw new DomainError('forbidden', text)
        }
        return {
          system: system ? SYSTEM_CATALOGUE.map(toWord) : null,
          project: PROJECT_CATALOGUE.map(toWord),
        }
      },
    )
  }
}

async function permissionsInScope(
  deps: AccessRoutesDeps,
  principal: Principal,
  scope: string,
): Promise<Permission[]> {
  if (scope === '/system') return SYSTEM_PERMISSIONS.filter((permission) => decide(principal, permission))
  const id = /^\/project\/(\d+)$/.exec(scope)?.[1]
  const project = id && (await deps.projectContext(principal, id, false))
  if (!project) return []
  // Harbor lists the words that its roles have; who has another one by a role of his own sees that too.
  return permissionsIn(principal, project).filter(
    (permission) => ROLE_PERMISSIONS.projectAdmin.has(permission) || project.granted?.has(permission),
  )
}

/** Whether there is a project in which the user may make robots. */
async function makesRobots(deps: AccessRoutesDeps, principal: Principal): Promise<boolean> {
  if (principal.kind !== 'user') return false
  if (decideEverywhere(principal, 'robot:create')) return true
  const projects = await deps.participations(principal.id)
  return projects.some((project) => decide(principal, 'robot:create', project))
}

function toWord(permission: Permission): WirePermission {
  const [resource = '', action = ''] = permission.split(':')
  return { resource, action }
}

/** @param self the resource that the scope itself is, `.` in Harbor, seen from inside */
function toResponse(prefix: string, permission: Permission, self: string | undefined): WirePermission {
  const { resource, action } = toWord(permission)
  if (resource === self) return { resource: prefix || '.', action }
  return { resource: prefix ? `${prefix}/${resource}` : resource, action }
}
