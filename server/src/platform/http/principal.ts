import type { FastifyRequest } from 'fastify'
import { DomainError } from '../errors.ts'

/** The user or robot behind a request, as events and services are told of him. Throws unauthorized where nobody is. */
export function actorOf(request: FastifyRequest): {
  id: number
  username: string
  robot?: true
  address: string
} {
  const { principal, ip: address } = request
  if (principal.kind === 'anonymous') throw new DomainError('unauthorized', 'unauthorized')
  const { id, username } = principal
  return principal.kind === 'robot' ? { id, username, robot: true, address } : { id, username, address }
}
