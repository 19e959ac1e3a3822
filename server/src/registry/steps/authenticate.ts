import { askForToken, refuse } from '../challenge.ts'
import type { Exchange } from '../exchange.ts'

/**
 * Finds out who asks. Without credentials there is always a challenge, on public projects too: a Docker
 * client only learns from it that it may log in.
 */
export async function authenticate(exchange: Exchange): Promise<void> {
  const { deps, request } = exchange
  const caller = await deps.authenticate(request.headers.authorization, request.ip)
  if (!caller) throw refuse()
  if (!caller.authenticated) throw askForToken(exchange)

  exchange.caller = caller
}
