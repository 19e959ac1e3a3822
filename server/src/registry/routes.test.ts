import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { RegistryDeps } from './exchange.ts'
import { registryRoutes } from './routes.ts'

test.each([undefined, 'foo', ';;;', 'application/octet-stream'])(
  'a body of the type %s is no reason to refuse before asking who sends it',
  async (type) => {
    const app = Fastify()
    // Credentials that are worth nothing: no request gets further than that.
    const deps: Pick<RegistryDeps, 'authenticate'> = { authenticate: () => Promise.resolve(undefined) }
    await app.register(registryRoutes(deps as RegistryDeps))

    const answer = await app.inject({
      method: 'PUT',
      url: '/v2/p/r/manifests/t',
      headers: type === undefined ? {} : { 'content-type': type },
      payload: Buffer.from('{}'),
    })

    expect(answer.statusCode).toBe(401)
  },
)
