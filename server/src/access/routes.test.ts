import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { restPlugin } from '../platform/http/rest.ts'
import { decide, decideEverywhere } from './decide.ts'
import { ANONYMOUS, type Principal, type ProjectContext, type UserPrincipal } from './model.ts'
import type { Role } from './roles.ts'
import { accessRoutes } from './routes.ts'

const ann: UserPrincipal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }

/** Ann is a limited guest of the private project 3, and there is no other. */
async function ask(
  principal: Principal,
  query: string,
  path = '/users/current/permissions',
  projects: ProjectContext[] = [],
) {
  const projectContext = async (_who: Principal, nameOrId: string) =>
    nameOrId === '3' ? { id: 3, name: 'three', public: false, roles: ['limitedGuest' as const] } : undefined
  const app = Fastify()
  await app.register(
    restPlugin({
      routes: [accessRoutes({ projectContext, participations: async () => projects })],
      https: false,
      authenticate: () => Promise.resolve(principal),
      projectContext,
      decide,
      decideEverywhere,
    }),
    { prefix: '/api/v2.0' },
  )
  const answer = await app.inject(`/api/v2.0${path}${query}`)
  return { status: answer.statusCode, body: answer.json() }
}

describe('GET /users/current/permissions', () => {
  it('names resources by their path in the scope', async () => {
    const { body } = await ask(ann, '?scope=/project/3')

    expect(body).toHaveLength(14)
    expect(body).toContainEqual({ resource: '/project/3', action: 'read' })
    expect(body).toContainEqual({ resource: '/project/3/repository', action: 'pull' })
  })

  it('names them relative to the scope where asked', async () => {
    const { body } = await ask(ann, '?scope=/project/3&relative=true')

    expect(body).toHaveLength(14)
    expect(body).toContainEqual({ resource: '.', action: 'read' })
    expect(body).toContainEqual({ resource: 'repository', action: 'pull' })
  })

  it.each(['', '?scope=/project/4', '?scope=/moon', '?scope=/project/x'])(
    'has nothing to say to %j',
    async (query) => {
      expect(await ask(ann, query)).toEqual({ status: 200, body: [] })
    },
  )

  it('names what roles of the system allow, besides what everybody may who has signed in', async () => {
    const grants = {
      system: new Set(['label:create'] as const),
      everyProject: new Set<never>(),
      projects: new Map(),
    }
    const { body } = await ask({ ...ann, grants }, '?scope=/system&relative=true')

    expect(body).toContainEqual({ resource: 'label', action: 'create' })
    expect(body).toContainEqual({ resource: 'project', action: 'create' })
    expect(body).not.toContainEqual({ resource: 'label', action: 'delete' })
  })

  it('is for those who have signed in', async () => {
    expect((await ask(ANONYMOUS, '?scope=/project/3')).status).toBe(401)
  })
})

describe('GET /permissions', () => {
  const in3 = (role: Role): ProjectContext => ({ id: 3, public: false, roles: [role] })
  const asks = (principal: Principal, ...projects: ProjectContext[]) =>
    ask(principal, '', '/permissions', projects)

  it('lists both halves for system administrators', async () => {
    const { body } = await asks({ ...ann, sysadmin: true })

    expect([body.system.length, body.project.length]).toEqual([70, 70])
    expect(body.project[1]).toEqual({ resource: 'project', action: 'read' })
  })

  it('lists what holds in projects for those who administer one', async () => {
    const { status, body } = await asks(ann, in3('guest'), in3('projectAdmin'))

    expect(status).toBe(200)
    expect(body.system).toBeNull()
    expect(body.project).toHaveLength(70)
  })

  it('is refused to everybody else', async () => {
    const permissions = { system: new Set<never>(), everyProject: new Set<never>(), projects: new Map() }

    expect((await asks(ann, in3('maintainer'))).status).toBe(403)
    expect((await asks({ kind: 'robot', id: 1, username: 'robot$x', permissions })).status).toBe(403)
    expect((await asks(ANONYMOUS)).status).toBe(401)
  })
})
