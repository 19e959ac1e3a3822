import type { FastifyRequest } from 'fastify'
import { DomainError } from '../errors.ts'

/** The signed-in user behind a request, as events and services are told of him. Throws unauthorized where nobody is. */
export function actorOf(request: FastifyRequest): { id: number; username: string } {
  const { principal } = request
  if (principal.kind !== 'user') throw new DomainError('unauthorized', 'unauthorized')
  return { id: principal.id, username: principal.username }
}
