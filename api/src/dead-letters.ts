import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

const Time = Type.String({ format: 'date-time' })

/** An event that a subscriber of the program could not take, and that it was put aside for. */
export const DeadLetter = Type.Object({
  id: Type.Integer(),
  subscriber: Type.String({ description: 'Who could not take it.' }),
  event_id: Type.Integer(),
  event_type: Type.String(),
  payload: Type.Record(Type.String(), Type.Unknown()),
  occurrence_time: Time,
  error: Type.String(),
  attempts: Type.Integer(),
  creation_time: Time,
})
export type DeadLetter = Static<typeof DeadLetter>

export const DeadLetters = Type.Array(DeadLetter)

export const DeadLetterQuery = Type.Object({ ...ListQuery })

export const DeadLetterParams = Type.Object({
  dead_letter_id: Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
})

export const ReplayRequest = Type.Object({
  subscriber: Type.String({ minLength: 1, maxLength: 128, description: 'Whose dead letters.' }),
})

export const ReplayResult = Type.Object({
  replayed: Type.Integer(),
  remaining: Type.Integer(),
  error: Type.Optional(
    Type.String({ description: 'What the next one failed with: it stays, and all behind it.' }),
  ),
})

/** How a subscriber of the program gets on with its events. */
export const Subscriber = Type.Object({
  name: Type.String(),
  behind: Type.Integer({ description: 'Events that it has not been handed yet, counted up to 10000.' }),
  failures: Type.Integer(),
  failing_since: Type.Optional(Time),
  next_attempt: Type.Optional(Time),
  last_error: Type.Optional(Type.String()),
  dead_letters: Type.Integer({
    description: 'Events that it could not take: the gap. They can be replayed.',
  }),
  gap_begin: Type.Optional(Time),
  gap_end: Type.Optional(Time),
})
export type Subscriber = Static<typeof Subscriber>

export const Subscribers = Type.Array(Subscriber)
