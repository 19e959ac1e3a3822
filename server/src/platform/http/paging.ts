import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Page } from '../db/list.ts'

/** Largest page there is. */
const MAX_PAGE_SIZE = 100

/** Query parameters as `PageQuery` of `@portolan/api/paging` leaves them. */
export interface PageQuery {
  page: number
  page_size: number
}

/** The rows behind `page` and `page_size`. A page below 1 is the first, a size below 1 the largest there is. */
export function toPage(query: PageQuery): Page {
  const limit = query.page_size < 1 ? MAX_PAGE_SIZE : Math.min(query.page_size, MAX_PAGE_SIZE)
  const offset = Math.min((Math.max(query.page, 1) - 1) * limit, Number.MAX_SAFE_INTEGER)
  return { offset, limit }
}

/**
 * Sets `X-Total-Count` and, where there are neighbours, `Link` with `prev` and `next` in Harbor's form: the
 * request's own path and query with `page` and `page_size` replaced (so page 0 is followed by page 1). Behind the end there are none.
 */
export function sendTotal(
  request: FastifyRequest,
  reply: FastifyReply,
  query: PageQuery,
  total: number,
): void {
  const { limit } = toPage(query)
  const links: string[] = []
  if (query.page > 1 && (query.page - 1) * limit < total)
    links.push(link(request.url, query.page - 1, limit, 'prev'))
  if (query.page * limit < total) links.push(link(request.url, Math.max(query.page, 0) + 1, limit, 'next'))
  reply.header('x-total-count', total)
  if (links.length > 0) reply.header('link', links.join(' , '))
}

function link(url: string, page: number, size: number, rel: 'prev' | 'next'): string {
  const [path = '', query = ''] = url.split('?', 2)
  const others = query.split('&').filter((pair) => pair !== '' && !/^(page|page_size)(=|$)/.test(pair))
  const target = `${path}?${[`page=${page}`, `page_size=${size}`, ...others].join('&')}`
  return `<${target.replace(/[<>"\s]/g, encodeURIComponent)}>; rel="${rel}"`
}
