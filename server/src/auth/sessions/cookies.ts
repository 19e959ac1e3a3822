/** Reads a `Cookie` header (RFC 6265, 4.2); of a name that comes twice the first counts. */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(at, 0)).trim()
    if (name !== '' && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim())
  }
  return cookies
}

/**
 * A `Set-Cookie` value for the life of the browser: unreadable for scripts, not sent along with what other
 * sites make the browser do.
 */
export function serializeCookie(name: string, value: string, options: { secure: boolean }): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${options.secure ? '; Secure' : ''}`
}
