import type { Order, Page } from './list.ts'

/** The rows of a page as a statement reads them: from the end of the list that is nearer. */
export interface Window {
  offset: number
  limit: number
  /** The order is to be turned round, and so are the rows that come (`inOrder`). */
  backwards: boolean
}

/**
 * Where to read a page of a list of `total` rows. The database passes over every row before the offset, so a page
 * of the second half is read from the end. Nothing is left to read (`limit` 0) behind the last row.
 */
export function nearestWindow({ offset, limit }: Page, total: number): Window {
  const size = Math.max(Math.min(limit, total - offset), 0)
  if (size === 0 || offset <= total / 2) return { offset, limit: size, backwards: false }
  return { offset: total - offset - size, limit: size, backwards: true }
}

/** Which way a column is read in this window. */
export function direction(window: Window, order: Pick<Order, 'descending'>): 'asc' | 'desc' {
  return order.descending === window.backwards ? 'asc' : 'desc'
}

/** What a statement over this window answered, in the order of the list. */
export function inOrder<Row>(window: Window, rows: Row[]): Row[] {
  return window.backwards ? rows.toReversed() : rows
}
