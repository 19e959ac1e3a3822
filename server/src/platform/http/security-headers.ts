import type { onRequestHookHandler } from 'fastify'

const COMMON = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

const API = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

const PORTAL = {
  ...COMMON,
  // Component libraries write style attributes, hence 'unsafe-inline' for styles alone.
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}

/** A year, for hosts that are reached over TLS; no sub-domains, they are not ours to decide about. */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=31536000' }

/** The headers of an answer meant for programs: never framed, never cached. */
export function ofApiAnswers(options: { https: boolean }): Record<string, string> {
  return { ...API, ...(options.https ? STRICT_TRANSPORT : {}) }
}

/** An `onRequest` hook that puts them on an answer. */
export function apiHeaders(options: { https: boolean }): onRequestHookHandler {
  return headers(ofApiAnswers(options))
}

/** A hook for the portal's pages: own scripts and pictures only. Caching is up to who serves the files. */
export function portalHeaders(options: { https: boolean }): onRequestHookHandler {
  return headers({ ...PORTAL, ...(options.https ? STRICT_TRANSPORT : {}) })
}

function headers(values: Record<string, string>): onRequestHookHandler {
  return (_request, reply, done) => {
    reply.headers(values)
    done()
  }
}
