import { subscriber } from '../platform/events/subscriber.ts'
import { raiseActivity } from './store.ts'

/**
 * Keeps a repository's activity time. A push does not write the repository's row, where all pushes
 * would wait for each other; this follows behind, one statement for many pushes.
 */
export const repositoryActivity = subscriber({
  name: 'repository-activity',
  types: ['artifact.pushed', 'artifact.deleted', 'artifact.restored', 'tag.deleted', 'tag.rolled_back'],
  async handle(tx, events) {
    const latest = new Map<number, Date>()
    for (const event of events) {
      const id = event.payload.repositoryId
      const known = latest.get(id)
      if (!known || known < event.occurrenceTime) latest.set(id, event.occurrenceTime)
    }
    await raiseActivity(
      tx,
      [...latest].map(([id, time]) => ({ id, time })),
    )
  },
})
