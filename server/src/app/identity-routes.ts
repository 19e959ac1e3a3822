import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { accessRoutes } from '../access/routes.ts'
import { accessTokensRoutes } from '../auth/access-tokens/routes.ts'
import { explainRoutes } from '../auth/explain/routes.ts'
import { forgetGrants } from '../auth/grants.ts'
import { oidcRoutes } from '../auth/routes.ts'
import { forgetUser, login } from '../auth/service.ts'
import { sessionsRoutes } from '../auth/sessions/managing/routes.ts'
import { isFromBrowser } from '../auth/sessions/routes.ts'
import { groupsRoutes } from '../groups/routes.ts'
import { findParticipations } from '../members/participation-store.ts'
import { membersRoutes } from '../members/routes.ts'
import { countMembersWith, deleteMembersWith } from '../members/store.ts'
import { surpassesInProjects } from '../members/surpassing.ts'
import type { RestOptions } from '../platform/http/rest.ts'
import { projectRobotsRoutes } from '../robots/older/routes.ts'
import { robotsRoutes } from '../robots/routes.ts'
import { roleBindingsRoutes } from '../roles/bindings/routes.ts'
import { findGrants } from '../roles/bindings/service.ts'
import { rolesRoutes } from '../roles/routes.ts'
import type { RolesDeps } from '../roles/service.ts'
import { usersRoutes } from '../users/routes.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

/** The REST API of who somebody is and what he may do: users, groups, roles, robots, access tokens, sessions. */
export function identityRoutes(
  { db }: ServerParts,
  { settings, auth, robots }: Services,
  guard: Pick<RestOptions, 'decide' | 'decideEverywhere' | 'projectContext'>,
): FastifyPluginAsync[] {
  const users = {
    db,
    passwords: auth.passwords,
    onUserChanged: (id: number) => forgetUser(auth, id),
    findGrants,
    surpassesInProjects,
    mayRegister: (request: FastifyRequest) => settings.get('self_registration') && isFromBrowser(request),
    confirmPassword: async (username: string, password: string, address: string) =>
      (await login(auth, { username, password, address })).result === 'accepted',
  }
  // No directory is connected yet, so it has no groups.
  const groups = {
    db,
    findInDirectory: async () => undefined,
    onGroupDeleted: () => forgetGrants(auth),
  }
  const roles: RolesDeps = {
    db,
    countMembers: countMembersWith,
    removeMembers: deleteMembersWith,
    onGrantsChanged: () => forgetGrants(auth),
  }

  return [
    usersRoutes(users),
    accessRoutes({ ...guard, participations: (userId) => findParticipations(db, userId) }),
    membersRoutes(groups),
    groupsRoutes(groups),
    rolesRoutes(roles),
    roleBindingsRoutes(roles),
    robotsRoutes(robots),
    projectRobotsRoutes(robots),
    explainRoutes(auth),
    accessTokensRoutes(auth),
    sessionsRoutes(auth),
    oidcRoutes(),
  ]
}
