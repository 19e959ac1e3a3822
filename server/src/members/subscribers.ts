import { subscriber } from '../platform/events/subscriber.ts'
import { deleteMembersOf } from './store.ts'

/** Clears away the memberships of deleted users and groups, which count for nothing from the deletion on. */
export const membersThatAreGone = subscriber({
  name: 'members-that-are-gone',
  types: ['user.deleted', 'group.deleted'],
  async handle(tx, events) {
    const users = events.flatMap((event) => (event.type === 'user.deleted' ? [event.payload.userId] : []))
    const groups = events.flatMap((event) => (event.type === 'group.deleted' ? [event.payload.groupId] : []))
    await deleteMembersOf(tx, 'u', users)
    await deleteMembersOf(tx, 'g', groups)
  },
})
