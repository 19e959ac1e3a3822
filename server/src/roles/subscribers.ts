import type { Subscriber } from '../platform/events/subscriber.ts'
import { deleteBindingsOf } from './bindings/store.ts'

/** Clears away the roles of deleted users and groups, which count for nothing from the deletion on. */
export const bindingsThatAreGone: Subscriber = {
  name: 'role-bindings-that-are-gone',
  types: ['user.deleted', 'group.deleted'],
  async handle(tx, events) {
    const idsIn = (type: string, key: string) =>
      events.filter((event) => event.type === type).map((event) => Number(event.payload[key]))
    await deleteBindingsOf(tx, 'u', idsIn('user.deleted', 'userId'))
    await deleteBindingsOf(tx, 'g', idsIn('group.deleted', 'groupId'))
  },
}
