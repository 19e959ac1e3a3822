import { deleteSchedule } from '../jobs/schedules/store.ts'
import { subscriber } from '../platform/events/subscriber.ts'
import { RETENTION } from './job.ts'
import { deletePoliciesOf } from './store.ts'

/** Removes the policies of deleted projects, and their schedules. */
export const retentionOfDeletedProjects = subscriber({
  name: 'retention-of-deleted-projects',
  types: ['project.deleted'],
  async handle(tx, events) {
    const ids = await deletePoliciesOf(
      tx,
      events.map((event) => event.payload.projectId),
    )
    for (const id of ids) await deleteSchedule(tx, RETENTION, id)
  },
})
