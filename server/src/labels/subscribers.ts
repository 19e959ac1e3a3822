import { subscriber } from '../platform/events/subscriber.ts'
import { deleteLabelsOf } from './store.ts'

/** Removes the labels of deleted projects: nobody can see them any more, and no project gets the id again. */
export const labelsOfDeletedProjects = subscriber({
  name: 'labels-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    await deleteLabelsOf(
      tx,
      events.map((event) => event.payload.projectId),
    )
  },
})
