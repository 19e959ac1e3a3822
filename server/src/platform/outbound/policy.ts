import { contains, isLinkLocal, isPublic, parseAddress, parseNetwork, withoutEmbedding } from './addresses.ts'

/** What may be called beyond the public internet. */
export interface OutboundAllowance {
  /** Addresses and networks (CIDR). */
  allowNetworks: readonly string[]
  /** Names, `*.example.com` for all below one. What they resolve to may be private, but not link-local. */
  allowHosts: readonly string[]
}

/** Whether an address may be called that is or belongs to the host, a name or an address itself. */
export type Permits = (address: string, host: string) => boolean

export function createPolicy({ allowNetworks, allowHosts }: OutboundAllowance): Permits {
  const networks = allowNetworks.map(parseNetwork)

  return (text, host) => {
    const address = parseAddress(text)
    if (address === undefined) return false
    if (isPublic(address)) return true
    const plain = withoutEmbedding(address)
    if (networks.some((network) => contains(network, plain) || contains(network, address))) return true
    return !isLinkLocal(address) && allowHosts.some((pattern) => matchesHost(pattern, host))
  }
}

/** Whether a name is the pattern's: `ci.example.com`, or one below `*.example.com`. */
export function matchesHost(pattern: string, host: string): boolean {
  const [wanted, given] = [pattern, host].map((name) => name.toLowerCase().replace(/\.$/, ''))
  if (wanted === undefined || given === undefined) return false
  return wanted.startsWith('*.') ? given.endsWith(wanted.slice(1)) : wanted === given
}
