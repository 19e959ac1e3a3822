import type { Subscriber } from '../platform/events/subscriber.ts'
import { deleteMembersOf } from './store.ts'

/** Clears away the memberships of deleted users and groups, which count for nothing from the deletion on. */
export const membersThatAreGone: Subscriber = {
  name: 'members-that-are-gone',
  types: ['user.deleted', 'group.deleted'],
  async handle(tx, events) {
    const idsIn = (type: string, key: string) =>
      events.filter((event) => event.type === type).map((event) => Number(event.payload[key]))
    await deleteMembersOf(tx, 'u', idsIn('user.deleted', 'userId'))
    await deleteMembersOf(tx, 'g', idsIn('group.deleted', 'groupId'))
  },
}
