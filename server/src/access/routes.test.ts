import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { restPlugin } from '../platform/http/rest.ts'
import { decide, decideEverywhere } from './decide.ts'
import { ANONYMOUS, type Principal } from './model.ts'
import { accessRoutes } from './routes.ts'

const ann: Principal = { kind: 'user', id: 7, username: 'ann', sysadmin: false, generation: 1 }

/** Ann is a limited guest of the private project 3, and there is no other. */
async function ask(principal: Principal, query: string) {
  const projectContext = async (_who: Principal, nameOrId: string) =>
    nameOrId === '3' ? { id: 3, name: 'three', public: false, roles: ['limitedGuest' as const] } : undefined
  const app = Fastify()
  await app.register(
    restPlugin({
      routes: [accessRoutes({ projectContext })],
      https: false,
      authenticate: () => Promise.resolve(principal),
      projectContext,
      decide,
      decideEverywhere,
    }),
    { prefix: '/api/v2.0' },
  )
  const answer = await app.inject(`/api/v2.0/users/current/permissions${query}`)
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

  it.each(['', '?scope=/project/4', '?scope=/system', '?scope=/moon', '?scope=/project/x'])(
    'has nothing to say to %j',
    async (query) => {
      expect(await ask(ann, query)).toEqual({ status: 200, body: [] })
    },
  )

  it('is for those who have signed in', async () => {
    expect((await ask(ANONYMOUS, '?scope=/project/3')).status).toBe(401)
  })
})
