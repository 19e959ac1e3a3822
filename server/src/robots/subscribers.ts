import { subscriber } from '../platform/events/subscriber.ts'
import { deleteOfProjects } from './store.ts'

/** The robots of a deleted project go after it. They are worth nothing from the moment of its deletion on. */
export const robotsOfDeletedProjects = subscriber({
  name: 'robots-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    await deleteOfProjects(
      tx,
      events.map(({ payload }) => payload.projectId),
    )
  },
})
