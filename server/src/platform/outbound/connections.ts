import { createHash } from 'node:crypto'
import { lookup as dnsLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'
import type { Dispatcher } from 'undici'
import { OutboundError } from './errors.ts'
import type { Permits } from './policy.ts'

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<{ address: string; family: number }[]>

export interface OutboundTimes {
  connectMilliseconds: number
  /** From the request to the head of the answer. */
  headersMilliseconds: number
  /** Between two pieces of the answer. */
  bodyMilliseconds: number
}

/** What tells connections apart beside where they lead. */
export interface Tls {
  verify: boolean
  /** PEM of further authorities. */
  ca: string | undefined
}

/** Connections that are kept open between calls. */
export interface Connections {
  to(tls: Tls, proxied: boolean): Promise<Dispatcher>
  close(): Promise<void>
}

const MOST_KINDS = 32
const KEEP_MILLISECONDS = 4000
const MOST_HEADER_BYTES = 16 * 1024

/**
 * Connections to permitted addresses. A name is resolved once for a connection, and the connection goes to the very
 * addresses that were looked at: what the name means a moment later does not matter.
 */
export function createConnections(options: {
  permits: Permits
  resolve: Resolve | undefined
  times: OutboundTimes
  proxy: string | undefined
}): Connections {
  const { permits, times, proxy } = options
  const lookup = guardedLookup(permits, options.resolve ?? resolveByDns)
  const kinds = new Map<string, Dispatcher>()

  function open(
    { Agent, ProxyAgent }: typeof import('undici'),
    { verify, ca }: Tls,
    proxied: boolean,
  ): Dispatcher {
    const shared = {
      headersTimeout: times.headersMilliseconds,
      bodyTimeout: times.bodyMilliseconds,
      keepAliveTimeout: KEEP_MILLISECONDS,
      keepAliveMaxTimeout: KEEP_MILLISECONDS,
      maxHeaderSize: MOST_HEADER_BYTES,
      allowH2: false,
    }
    // Authorities that are named replace the usual ones unless those are named too.
    const tls = {
      rejectUnauthorized: verify,
      ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
    }
    const timeout = times.connectMilliseconds
    if (proxied && proxy !== undefined) {
      // The proxy is the operator's: it is connected to wherever it stands.
      return new ProxyAgent({
        ...shared,
        uri: proxy,
        proxyTunnel: true,
        requestTls: { ...tls, timeout },
        proxyTls: { timeout },
      })
    }
    return new Agent({ ...shared, connect: { ...tls, timeout, lookup } })
  }

  return {
    async to(tls, proxied) {
      // Read when it is needed: a server that calls nobody saves its memory.
      const undici = await import('undici')
      const key = `${proxied} ${tls.verify} ${tls.ca === undefined ? '' : createHash('sha256').update(tls.ca).digest('hex')}`
      const known = kinds.get(key)
      if (known) return known
      const [oldest] = kinds.keys()
      if (kinds.size >= MOST_KINDS && oldest !== undefined) {
        void kinds.get(oldest)?.close()
        kinds.delete(oldest)
      }
      const opened = open(undici, tls, proxied)
      kinds.set(key, opened)
      return opened
    },
    async close() {
      await Promise.all([...kinds.values()].map((kind) => kind.destroy()))
      kinds.clear()
    },
  }
}

export async function resolveByDns(host: string): Promise<{ address: string; family: number }[]> {
  return await dnsLookup(host, { all: true })
}

function guardedLookup(permits: Permits, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (found) => {
        const permitted = found.filter(({ address }) => permits(address, host))
        const [first] = permitted
        if (!first) callback(new OutboundError('refused', refusal(host)), '', 0)
        else if (options.all) callback(null, permitted)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    )
  }
}

export function refusal(host: string): string {
  return `${host} is no public address: an operator may allow it (outbound.allow_networks, outbound.allow_hosts)`
}
