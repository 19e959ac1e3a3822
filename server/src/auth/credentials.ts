/** What an `Authorization` header shows. */
export type Credentials =
  | { scheme: 'basic'; username: string; password: string }
  | { scheme: 'bearer'; token: string }
  /** Another scheme, or one of these two in no readable form. */
  | { scheme: 'unknown' }

const UNKNOWN: Credentials = { scheme: 'unknown' }

/** Reads an `Authorization` header (RFC 9110, 11.6.2); Basic as in RFC 7617, in UTF-8, Bearer as in RFC 6750. */
export function parseAuthorization(header: string): Credentials {
  const match = /^([a-z]+) +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)
  const [, scheme = '', value = ''] = match ?? []
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value }
  return scheme.toLowerCase() === 'basic' ? parseBasic(value) : UNKNOWN
}

function parseBasic(value: string): Credentials {
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(value)) return UNKNOWN
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return UNKNOWN
  return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) }
}
