import { isIP } from 'node:net'

/** A block of addresses; all of them as 128 bits, IPv4 within `::ffff:0:0/96`. */
export interface Network {
  bits: bigint
  /** Leading bits that count. */
  length: number
}

const MAPPED = 0xffffn << 32n
const V4_BITS = 32n

/** The address as 128 bits; undefined for what is none, and for one with a zone. */
export function parseAddress(text: string): bigint | undefined {
  switch (isIP(text)) {
    case 4:
      return MAPPED | parseV4(text)
    case 6:
      return text.includes('%') ? undefined : parseV6(text)
    default:
      return undefined
  }
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address. Throws for what is none. */
export function parseNetwork(text: string): Network {
  const [address = '', prefix] = text.split('/')
  const bits = parseAddress(address)
  if (bits === undefined) throw new Error(`no network: ${text}`)
  const full = isIP(address) === 4 ? 32 : 128

  return { bits, length: 128 - full + (prefix === undefined ? full : Number(prefix)) }
}

export function contains({ bits, length }: Network, address: bigint): boolean {
  const rest = BigInt(128 - length)
  return bits >> rest === address >> rest
}

/** What lies in no public network: private, shared, loopback, link-local, multicast, documentation, unassigned. */
const INSIDE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // A public address under which a cloud offers its machines their secrets.
  '168.63.129.16',
  // Within 2000::/3, which alone is public.
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
].map(parseNetwork)

const PUBLIC_V6 = parseNetwork('2000::/3')

/** Where clouds offer secrets to whoever asks from inside: never to be reached because of a name alone. */
const LINK_LOCAL = ['169.254.0.0/16', 'fe80::/10', '168.63.129.16', 'fd00:ec2::254', '100.100.100.200'].map(
  parseNetwork,
)

/** Blocks whose addresses stand for an IPv4 address, and the bits behind which that begins. */
const EMBEDDING: readonly { network: Network; shift: bigint }[] = [
  // Mapped is what IPv4 is here anyway. The old form of it:
  { network: parseNetwork('::/96'), shift: 0n },
  { network: parseNetwork('::ffff:0:0:0/96'), shift: 0n },
  // NAT64, and 6to4.
  { network: parseNetwork('64:ff9b::/96'), shift: 0n },
  { network: parseNetwork('2002::/16'), shift: 80n },
]

/** Whether the address is one of the internet's, however it is written. */
export function isPublic(address: bigint): boolean {
  const plain = withoutEmbedding(address)
  if (INSIDE.some((network) => contains(network, plain))) return false
  return plain >> V4_BITS === 0xffffn || contains(PUBLIC_V6, plain)
}

/** Whether it is one of those that hand out a machine's own secrets. */
export function isLinkLocal(address: bigint): boolean {
  const plain = withoutEmbedding(address)
  return LINK_LOCAL.some((network) => contains(network, plain))
}

/** The IPv4 address that an IPv6 address stands for, else itself. */
export function withoutEmbedding(address: bigint): bigint {
  // The two lowest are no IPv4 addresses: unspecified, and loopback.
  if (address <= 1n) return address
  const found = EMBEDDING.find(({ network }) => contains(network, address))
  return found ? MAPPED | ((address >> found.shift) & 0xffffffffn) : address
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n)
}

function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const v4 = dotted?.[2] === undefined ? 0n : parseV4(dotted[2])
  const plain = dotted ? `${dotted[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}` : text
  const [head = '', tail] = plain.split('::')
  const front = groups(head)
  const back = groups(tail ?? '')
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0n)

  return [...front, ...zeros, ...back].reduce((bits, group) => (bits << 16n) | group, 0n)
}

function groups(text: string): bigint[] {
  return text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`))
}
