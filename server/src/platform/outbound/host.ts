import { isIP } from 'node:net'
import { type Resolve, refusal, resolveByDns } from './connections.ts'
import { OutboundError } from './errors.ts'
import { createPolicy, type OutboundAllowance } from './policy.ts'

/**
 * For calls that are no HTTP: the address that a host may be called at, to be connected to as it is. Throws OutboundError
 * where it has none that is permitted.
 */
export function createAddressFinder(
  options: OutboundAllowance & { resolve?: Resolve },
): (host: string) => Promise<string> {
  const permits = createPolicy(options)
  const resolve = options.resolve ?? resolveByDns

  return async (host) => {
    const found = isIP(host) === 0 ? await resolve(host) : [{ address: host }]
    const permitted = found.find(({ address }) => permits(address, host))
    if (!permitted) throw new OutboundError('refused', refusal(host))

    return permitted.address
  }
}
