import { OutboundError } from './errors.ts'

/** One request on the way through redirects. */
export interface Hop {
  url: URL
  method: string
  body: string | Uint8Array | undefined
  headers: Record<string, string>
  /** Names of headers that no other origin may see. */
  secret: readonly string[]
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const ALWAYS_SECRET = ['authorization', 'proxy-authorization', 'cookie']
const OF_BODY = /^(content-|transfer-)/

/**
 * Where an answer sends the request next; undefined where it is the answer. Another origin gets no credentials, and https
 * never becomes http.
 */
export function nextHop(
  { url, method, body, headers, secret }: Hop,
  answer: { status: number; headers: Readonly<Record<string, string | string[] | undefined>> },
): Hop | undefined {
  const location = [answer.headers.location].flat()[0]
  if (!REDIRECTS.has(answer.status) || location === undefined) return undefined
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
  if (!target || (target.protocol !== 'https:' && target.protocol !== 'http:')) {
    throw new OutboundError('redirects', `${url.origin} redirects to what is no http or https URL`)
  }
  if (url.protocol === 'https:' && target.protocol === 'http:') {
    throw new OutboundError('redirects', `${url.origin} redirects from https to http`)
  }
  target.username = ''
  target.password = ''
  target.hash = ''

  const dropped = new Set(target.origin === url.origin ? [] : [...ALWAYS_SECRET, ...secret].map(lower))
  // As everybody does: only 307 and 308 repeat what was sent.
  const repeats = answer.status >= 307 || method === 'GET' || method === 'HEAD'
  const kept = Object.entries(headers).filter(
    ([name]) => !dropped.has(lower(name)) && (repeats || !OF_BODY.test(lower(name))),
  )

  return {
    url: target,
    method: repeats ? method : 'GET',
    body: repeats ? body : undefined,
    headers: Object.fromEntries(kept),
    secret: target.origin === url.origin ? secret : [],
  }
}

function lower(text: string): string {
  return text.toLowerCase()
}
