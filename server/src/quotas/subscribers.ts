import { subscriber } from '../platform/events/subscriber.ts'
import { deleteUsage } from './usage-store.ts'

/** A project that is gone uses nothing. */
export const quotaCleanup = subscriber({
  name: 'quota-cleanup',
  types: ['project.deleted'],
  async handle(tx, events) {
    await deleteUsage(
      tx,
      events.map((event) => event.payload.projectId),
    )
  },
})
