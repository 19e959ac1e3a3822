import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  OIDCCliSecretReq,
  PasswordReq,
  UserCreationReq,
  UserList,
  UserListQuery,
  UserParams,
  UserProfile,
  UserResp,
  UserSearchList,
  UserSearchQuery,
  UserSysAdminFlag,
} from '@portolan/api/users'
import type { FastifyRequest } from 'fastify'
import { decide } from '../access/decide.ts'
import type { Actor, Principal } from '../access/model.ts'
import type { SystemPermission } from '../access/permissions.ts'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { notAUser, wrongPassword } from './errors.ts'
import { listFilters, listOrders } from './listing.ts'
import type { User } from './model.ts'
import {
  isAdministrator,
  isHimself,
  type ProtectionDeps,
  protectFromTakeover,
  protectTheGreater,
} from './protection.ts'
import {
  changePassword,
  createUser,
  deleteUser,
  findUsers,
  getUser,
  setSysadmin,
  type UsersDeps,
  updateProfile,
} from './service.ts'

export interface UsersRoutesDeps extends UsersDeps, ProtectionDeps {
  /** Whether this is the password of that user; wrong ones are throttled as at a login. From `auth`. */
  confirmPassword(username: string, password: string, address: string): Promise<boolean>
  /** Whether people may register themselves by this request. */
  mayRegister(request: FastifyRequest): boolean
}

/** `/users` and everything below it, but for the caller's permissions. */
export function usersRoutes(deps: UsersRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/users',
      {
        schema: { querystring: UserListQuery, response: { 200: UserList } },
        config: { permission: { system: 'user:list' } },
      },
      async (request, reply) => {
        const { query } = request
        const { users, total } = await findUsers(deps, listFilters(query), listOrders(query), toPage(query))
        sendTotal(request, reply, query, total)
        return users.map(toResponse)
      },
    )

    app.post(
      '/users',
      {
        schema: { body: UserCreationReq },
        config: { permission: { system: 'user:create' }, alsoAdmits: deps.mayRegister },
      },
      async (request, reply) => {
        const { username = '', email = '', realname = '', comment = '', password = '' } = request.body
        const input = { username, email, realname, comment, password }
        const user = await createUser(deps, input, creatorOf(request))
        return reply.code(201).header('location', `${request.routeOptions.url}/${user.id}`).send()
      },
    )

    app.get(
      '/users/current',
      { schema: { response: { 200: UserResp } }, config: { permission: 'authenticated' } },
      async (request) => {
        if (request.principal.kind === 'robot') throw notAUser()
        return toResponse(await getUser(deps, actorOf(request).id))
      },
    )

    app.get(
      '/users/search',
      {
        schema: { querystring: UserSearchQuery, response: { 200: UserSearchList } },
        config: { permission: { system: 'user:search' } },
      },
      async (request, reply) => {
        const { query } = request
        const orders = [{ field: 'username', descending: false } as const]
        const filters = listFilters({ username: query.username })
        const { users, total } = await findUsers(deps, filters, orders, toPage(query))
        sendTotal(request, reply, query, total)
        return users.map((user) => ({ user_id: user.id, username: user.username }))
      },
    )

    app.get(
      '/users/:user_id',
      {
        schema: { params: UserParams, response: { 200: UserResp } },
        config: { permission: 'authenticated' },
      },
      async (request) => {
        requireSelfOr('user:read', request.principal, request.params.user_id)
        return toResponse(await getUser(deps, request.params.user_id))
      },
    )

    app.put(
      '/users/:user_id',
      { schema: { params: UserParams, body: UserProfile }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        const { user_id } = request.params
        requireSelfOr('user:update', request.principal, user_id)
        const { email = '', realname = '', comment = '' } = request.body
        const admit = protectTheGreater(deps, request.principal)
        await updateProfile(deps, user_id, { email, realname, comment }, actorOf(request), admit)
        return reply.send()
      },
    )

    app.delete(
      '/users/:user_id',
      { schema: { params: UserParams }, config: { permission: { system: 'user:delete' } } },
      async (request, reply) => {
        const admit = protectTheGreater(deps, request.principal)
        await deleteUser(deps, request.params.user_id, actorOf(request), admit)
        return reply.send()
      },
    )

    app.put(
      '/users/:user_id/password',
      { schema: { params: UserParams, body: PasswordReq }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        const { user_id } = request.params
        const { old_password = '', new_password = '' } = request.body
        requireSelfOr('user:update', request.principal, user_id)
        refuseToken(request.principal)
        const caller = actorOf(request)
        const own = isHimself(request.principal, user_id)
        if (own && !(await deps.confirmPassword(caller.username, old_password, request.ip))) {
          throw wrongPassword()
        }
        await changePassword(
          deps,
          user_id,
          new_password,
          caller,
          protectFromTakeover(deps, request.principal),
        )
        return reply.send()
      },
    )

    app.put(
      '/users/:user_id/sysadmin',
      {
        schema: { params: UserParams, body: UserSysAdminFlag },
        config: { permission: { system: 'user:update' } },
      },
      async (request, reply) => {
        refuseToken(request.principal)
        if (!isAdministrator(request.principal)) throw new DomainError('forbidden', 'forbidden')
        const { sysadmin_flag = false } = request.body
        await setSysadmin(deps, request.params.user_id, sysadmin_flag, actorOf(request))
        return reply.send()
      },
    )

    app.put(
      '/users/:user_id/cli_secret',
      // Refused to everybody alike as long as no identity provider needs it.
      { schema: { params: UserParams, body: OIDCCliSecretReq }, config: { permission: 'anonymous' } },
      async () => {
        throw new DomainError('precondition-failed', 'unable to update CLI secret under authmode: db_auth')
      },
    )
  }
}

/** People who register themselves are nobody yet. */
function creatorOf(request: FastifyRequest): Actor | { address: string } {
  return request.principal.kind === 'anonymous' ? { address: request.ip } : actorOf(request)
}

function requireSelfOr(permission: SystemPermission, principal: Principal, userId: number): void {
  const himself = isHimself(principal, userId) && !isLeftOut(principal, permission)
  if (!himself && !decide(principal, permission)) throw new DomainError('forbidden', 'forbidden')
}

/** Whether the caller shows an access token that does not cover this. */
function isLeftOut(principal: Principal, permission: SystemPermission): boolean {
  return principal.kind === 'user' && principal.limits?.system.has(permission) === false
}

/** Who has got hold of a token must not become its owner for good, or somebody greater. */
function refuseToken(principal: Principal): void {
  if (principal.kind === 'user' && principal.limits) {
    throw new DomainError('forbidden', 'passwords and administrators are not changed with an access token')
  }
}

function toResponse(user: User): UserResp {
  return {
    user_id: user.id,
    username: user.username,
    ...(user.email ? { email: user.email } : {}),
    ...(user.realname ? { realname: user.realname } : {}),
    ...(user.comment ? { comment: user.comment } : {}),
    sysadmin_flag: user.sysadmin,
    admin_role_in_auth: false,
    creation_time: user.creationTime.toISOString(),
    update_time: user.updateTime.toISOString(),
  }
}
