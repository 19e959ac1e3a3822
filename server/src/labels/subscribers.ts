import type { Subscriber } from '../platform/events/subscriber.ts'
import { deleteLabelsOf } from './store.ts'

/** Removes the labels of deleted projects: nobody can see them any more, and no project gets the id again. */
export const labelsOfDeletedProjects: Subscriber = {
  name: 'labels-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    await deleteLabelsOf(
      tx,
      events.map((event) => Number(event.payload.projectId)),
    )
  },
}
