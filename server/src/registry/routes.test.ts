import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { DomainError } from '../platform/errors.ts'
import type { RegistryDeps } from './exchange.ts'
import { registryRoutes } from './routes.ts'

test.each([undefined, 'foo', ';;;', 'application/octet-stream'])(
  'a body of the type %s is no reason to refuse before asking who sends it',
  async (type) => {
    const app = Fastify()
    // Credentials that are worth nothing: no request gets further than that.
    const deps: Pick<RegistryDeps, 'authenticate' | 'checkWritable'> = {
      authenticate: () => Promise.resolve(undefined),
      checkWritable: () => undefined,
    }
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

const BLOB = `sha256:${'0'.repeat(64)}`

test.each([
  ['POST', 'blobs/uploads/', 403],
  ['PATCH', 'blobs/uploads/some-id', 403],
  ['PUT', 'blobs/uploads/some-id', 403],
  ['DELETE', 'blobs/uploads/some-id', 403],
  ['PUT', 'manifests/tag', 403],
  ['DELETE', 'manifests/tag', 403],
  ['DELETE', `blobs/${BLOB}`, 403],
  ['GET', 'manifests/tag', 401],
  ['GET', `blobs/${BLOB}`, 401],
  ['GET', 'blobs/uploads/some-id', 401],
] as const)('while nothing may be changed %s %s is answered %i', async (method, path, status) => {
  const app = Fastify()
  const deps: Pick<RegistryDeps, 'authenticate' | 'checkWritable'> = {
    // Whatever gets past the first check is refused here.
    authenticate: () => Promise.resolve(undefined),
    checkWritable() {
      throw new DomainError('denied', 'closed')
    },
  }
  await app.register(registryRoutes(deps as RegistryDeps))

  const answer = await app.inject({ method, url: `/v2/p/r/${path}` })

  expect(answer.statusCode).toBe(status)
  expect(answer.json().errors[0].code).toBe(status === 403 ? 'DENIED' : 'UNAUTHORIZED')
})
