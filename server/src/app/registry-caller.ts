import { type AuthDeps, authenticateKnownToken, authenticateRegistry } from '../auth/service.ts'
import type { Caller } from '../registry/exchange.ts'

/** Who calls the data plane, in its words; undefined for credentials that are worth nothing. */
export function callerOf(
  auth: AuthDeps,
): (authorization: string | undefined, address: string) => Promise<Caller | undefined> {
  return async (authorization, address) => {
    const caller = await authenticateRegistry(auth, { authorization, address })
    switch (caller.via) {
      case 'nothing':
        return { principal: caller.principal, authenticated: false }
      case 'basic':
        return { principal: caller.principal, authenticated: true }
      case 'token':
        return { principal: caller.principal, authenticated: true, token: caller.token }
      case 'rejected':
        return undefined
    }
  }
}

/** The same of a caller whose token was seen before; undefined at once for all others. */
export function knownCallerOf(
  auth: AuthDeps,
): (authorization: string | undefined) => Promise<Caller | undefined> | undefined {
  return (authorization) => {
    const known = authenticateKnownToken(auth, authorization)
    return known?.then((caller) => caller && { ...caller, authenticated: true })
  }
}
