import { subscriber } from '../platform/events/subscriber.ts'
import { deleteRulesOf } from './store.ts'

/** Removes the rules of deleted projects. */
export const immutableRulesOfDeletedProjects = subscriber({
  name: 'immutable-rules-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    await deleteRulesOf(
      tx,
      events.map((event) => event.payload.projectId),
    )
  },
})
