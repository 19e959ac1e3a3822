import type { IncomingMessage } from 'node:http'

/**
 * The target of a request with runs of slashes in its path made one, for Fastify's `rewriteUrl`. A target in
 * absolute form (RFC 9112, 3.2.2) loses scheme and host; the query stays byte for byte.
 */
export function collapseSlashes(request: Pick<IncomingMessage, 'url'>): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '')
  const end = target.indexOf('?')
  const path = end < 0 ? target : target.slice(0, end)
  if (!path.includes('//')) return target === '' ? '/' : target
  return path.replace(/\/{2,}/g, '/') + (end < 0 ? '' : target.slice(end))
}
