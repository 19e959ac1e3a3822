import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { handleError } from './errors.ts'
import { requestId } from './request-id.ts'
import { type RestOptions, restPlugin } from './rest.ts'
import { collapseSlashes } from './slashes.ts'

type Principal = FastifyRequest['principal']

/**
 * The REST API under `/api/v2.0` with nothing behind it but `options.routes`, for tests by `inject`. Who calls
 * stands in the header `x-test-caller`, as JSON; without it nobody has signed in.
 */
export async function buildRest(
  options: Omit<RestOptions, 'authenticate' | 'https'>,
): Promise<FastifyInstance> {
  const app = Fastify({
    genReqId: requestId,
    rewriteUrl: collapseSlashes,
    frameworkErrors: handleError,
    routerOptions: { maxParamLength: 4096 },
  })
  const authenticate = async (request: FastifyRequest): Promise<Principal> => {
    const caller = request.headers['x-test-caller']
    return typeof caller === 'string' ? JSON.parse(caller) : { kind: 'anonymous' }
  }
  app.register(restPlugin({ ...options, authenticate, https: true }), { prefix: '/api/v2.0' })
  await app.ready()
  return app
}

/** Headers that make a caller of `user`. */
export function as(user: { id: number; username: string; sysadmin?: boolean }): Record<string, string> {
  const principal: Principal = { kind: 'user', sysadmin: false, generation: 1, ...user }
  return { 'x-test-caller': JSON.stringify(principal) }
}
