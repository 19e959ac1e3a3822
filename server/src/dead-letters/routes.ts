import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/dead-letters'
import type { DeadLetter, DeadLetterField, SubscriberState } from '../platform/events/dead-letter-store.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import {
  type DeadLettersDeps,
  discard,
  listDeadLetters,
  listSubscribers,
  replayAll,
  replayOne,
} from './service.ts'

const FIELDS: Fields<DeadLetterField> = {
  id: 'integer',
  subscriber: 'string',
  event_id: 'integer',
  type: 'string',
  attempts: 'integer',
  occurrence_time: 'time',
  creation_time: 'time',
}

const EVENTS = '/system/events'
const ALL = `${EVENTS}/dead-letters`
const ONE = `${ALL}/:dead_letter_id`

const LIST = { permission: { system: 'dead-letter:list' } } as const

/** `/system/events`: how the subscribers get on, and what they could not take. */
export function deadLettersRoutes(deps: DeadLettersDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      `${EVENTS}/subscribers`,
      { schema: { operationId: 'listEventSubscribers', response: { 200: Wire.Subscribers } }, config: LIST },
      async () => (await listSubscribers(deps)).map(subscriberToWire),
    )

    app.get(
      ALL,
      {
        schema: {
          operationId: 'listDeadLetters',
          querystring: Wire.DeadLetterQuery,
          response: { 200: Wire.DeadLetters },
        },
        config: LIST,
      },
      async (request, reply) => {
        const { letters, total } = await listDeadLetters(deps, {
          filters: parseFilters(request.query.q, FIELDS),
          orders: parseSort(request.query.sort, Object.keys(FIELDS) as DeadLetterField[]),
          page: toPage(request.query),
        })
        sendTotal(request, reply, request.query, total)
        return letters.map(letterToWire)
      },
    )

    app.post(
      `${ALL}/replay`,
      {
        schema: {
          operationId: 'replayDeadLetters',
          body: Wire.ReplayRequest,
          refusals: [404],
          response: { 200: Wire.ReplayResult },
        },
        config: { permission: { system: 'dead-letter:replay' } },
      },
      async (request) => {
        const { replayed, remaining, error } = await replayAll(
          deps,
          request.body.subscriber,
          actorOf(request),
        )
        return { replayed, remaining, ...(error !== undefined && { error }) }
      },
    )

    app.post(
      `${ONE}/replay`,
      {
        schema: { operationId: 'replayDeadLetter', params: Wire.DeadLetterParams },
        config: { permission: { system: 'dead-letter:replay' } },
      },
      async (request, reply) => {
        await replayOne(deps, request.params.dead_letter_id, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      ONE,
      {
        schema: { operationId: 'discardDeadLetter', params: Wire.DeadLetterParams },
        config: { permission: { system: 'dead-letter:delete' } },
      },
      async (request, reply) => {
        await discard(deps, request.params.dead_letter_id, actorOf(request))
        return reply.send()
      },
    )
  }
}

function letterToWire(letter: DeadLetter): Wire.DeadLetter {
  return {
    id: letter.id,
    subscriber: letter.subscriber,
    event_id: letter.event.id,
    event_type: letter.event.type,
    payload: letter.event.payload,
    occurrence_time: letter.event.occurrenceTime.toISOString(),
    error: letter.error,
    attempts: letter.attempts,
    creation_time: letter.creationTime.toISOString(),
  }
}

function subscriberToWire(state: SubscriberState): Wire.Subscriber {
  return {
    name: state.name,
    behind: state.behind,
    failures: state.failures,
    ...(state.failingSince && { failing_since: state.failingSince.toISOString() }),
    ...(state.retryTime && { next_attempt: state.retryTime.toISOString() }),
    ...(state.lastError && { last_error: state.lastError }),
    dead_letters: state.deadLetters,
    ...(state.gapBegin && { gap_begin: state.gapBegin.toISOString() }),
    ...(state.gapEnd && { gap_end: state.gapEnd.toISOString() }),
  }
}
