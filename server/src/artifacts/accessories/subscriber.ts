import type { HeardEvent } from '../../platform/events/catalogue.ts'
import { subscriber } from '../../platform/events/subscriber.ts'
import { relist } from '../listed-store.ts'
import { type DigestPlace, lockMisplaced } from './forlorn-store.ts'

/**
 * Shows accessories below their subject once that comes, and as artifacts of their own once it is gone: what is pushed while its
 * subject is being pushed or deleted sees nothing of it, this comes after both.
 */
export const accessoryPlaces = subscriber({
  name: 'accessory-places',
  types: ['artifact.pushed', 'artifact.deleted', 'artifact.restored'],
  async handle(tx, events) {
    await relist(tx, await lockMisplaced(tx, events.flatMap(placesIn)))
  },
})

/** What an event tells of, and what that belongs to. */
function placesIn({
  payload,
}: HeardEvent<'artifact.pushed' | 'artifact.deleted' | 'artifact.restored'>): DigestPlace[] {
  const family = 'family' in payload ? (payload.family ?? []) : []
  return [payload.digest, ...family].map((digest) => ({ repositoryId: payload.repositoryId, digest }))
}
