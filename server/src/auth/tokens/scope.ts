/** What a client asks a token for: `repository:library/app:pull,push`. */
export interface Scope {
  type: string
  name: string
}

/** A token that names more than this is of no use to anybody. */
export const MAX_SCOPES = 100

/**
 * Reads scopes, given as several parameters, as several in one with spaces between, or both. As with Harbor
 * the actions asked for do not matter (a token says all that its holder may do), and nonsense is a scope
 * that allows nothing. Each type and name is answered once.
 */
export function parseScopes(values: readonly string[]): Scope[] {
  const scopes = new Map<string, Scope>()
  for (const text of values.flatMap((value) => value.split(' '))) {
    if (text === '') continue
    const [type = '', ...rest] = text.split(':')
    // A name may have colons (a host with a port): the actions are behind the last one.
    const name = rest.length > 1 ? rest.slice(0, -1).join(':') : (rest[0] ?? '')
    scopes.set(JSON.stringify([type, name]), { type, name })
  }
  return [...scopes.values()]
}
