import { subscriber } from '../platform/events/subscriber.ts'
import { deleteBindingsOf } from './bindings/store.ts'

/** Clears away the roles of deleted users and groups, which count for nothing from the deletion on. */
export const bindingsThatAreGone = subscriber({
  name: 'role-bindings-that-are-gone',
  types: ['user.deleted', 'group.deleted'],
  async handle(tx, events) {
    const users = events.flatMap((event) => (event.type === 'user.deleted' ? [event.payload.userId] : []))
    const groups = events.flatMap((event) => (event.type === 'group.deleted' ? [event.payload.groupId] : []))
    await deleteBindingsOf(tx, 'u', users)
    await deleteBindingsOf(tx, 'g', groups)
  },
})
