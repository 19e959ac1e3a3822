import type { Order } from '../platform/db/list.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import type { UserField, UserFilter } from './store.ts'

const FIELDS = {
  user_id: 'integer',
  username: 'string',
  email: 'string',
  realname: 'string',
  comment: 'string',
  sysadmin_flag: 'boolean',
  creation_time: 'time',
  update_time: 'time',
} as const satisfies Fields<UserField>

/** The filters of `q=`, and of the older parameters that name a part of the user name or of the address. */
export function listFilters(query: { q?: string; username?: string; email?: string }): UserFilter[] {
  const filters: UserFilter[] = parseFilters(query.q, { ...FIELDS, username_or_email: 'string' })
  for (const field of ['username', 'email'] as const) {
    const value = query[field]
    if (value) filters.push({ field, op: 'fuzzy', value })
  }
  return filters
}

/** The order of `sort=`; by name where it says nothing. */
export function listOrders(query: { sort?: string }): Order<UserField>[] {
  const orders = parseSort(query.sort, Object.keys(FIELDS) as UserField[])
  return orders.length > 0 ? orders : [{ field: 'username', descending: false }]
}
