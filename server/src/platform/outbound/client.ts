import { isIP } from 'node:net'
import { readAnswer } from './answer.ts'
import {
  type Connections,
  createConnections,
  type OutboundTimes,
  type Resolve,
  refusal,
  resolveByDns,
} from './connections.ts'
import { OutboundError, toOutboundError } from './errors.ts'
import { createPolicy, matchesHost, type OutboundAllowance, type Permits } from './policy.ts'
import { type Hop, nextHop } from './redirect.ts'

export interface OutboundOptions extends OutboundAllowance {
  /** An HTTP proxy (`http://user:password@host:port`) through which everything goes but what `noProxy` names. */
  proxy?: string | undefined
  noProxy?: readonly string[]
  /** PEM of authorities that are trusted beside those that everybody trusts. */
  ca?: string | undefined
  times?: Partial<OutboundTimes>
  /** For tests. */
  resolve?: Resolve
}

export interface OutboundRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** http or https. User and password in it become credentials. */
  url: string
  headers?: Readonly<Record<string, string>>
  /** Headers that only the origin of `url` gets to see, however it redirects. */
  credentials?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /** Whether the certificate must be trusted; it must, unless said otherwise. */
  verifyCertificate?: boolean
  /** PEM of authorities for this request alone, beside the others. */
  ca?: string
  /** For everything together, redirects included. */
  totalMilliseconds: number
  /** Most bytes of the answer. */
  mostBytes: number
  /** What happens to a longer answer: an error, or it is cut and the connection closed. */
  longer?: 'error' | 'cut'
  mostRedirects?: number
  signal?: AbortSignal
}

export interface OutboundAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
  /** Whether the answer was longer. */
  cut: boolean
}

/** The one way out: every call to somebody's address goes through here. */
export interface OutboundClient {
  /** Answers whatever the status is; throws OutboundError where there is no answer. */
  request(request: OutboundRequest): Promise<OutboundAnswer>
  /** Throws OutboundError for an address that can never be called: no URL, another scheme, a forbidden address. */
  check(url: string): void
  close(): Promise<void>
}

const TIMES: OutboundTimes = {
  connectMilliseconds: 5000,
  headersMilliseconds: 30_000,
  bodyMilliseconds: 15_000,
}
const MOST_REDIRECTS = 3

/** Opens nothing until it is asked for something. */
export function createOutboundClient(options: OutboundOptions): OutboundClient {
  const permits = createPolicy(options)
  const connections = createConnections({
    permits,
    resolve: options.resolve,
    times: { ...TIMES, ...options.times },
    proxy: options.proxy,
  })

  return {
    async request(request) {
      const timer = AbortSignal.timeout(request.totalMilliseconds)
      const signal = request.signal ? AbortSignal.any([timer, request.signal]) : timer
      let hop: Hop = firstHop(request)
      for (let redirects = 0; ; redirects += 1) {
        const answer = await one({ options, permits, connections }, request, hop, signal).catch((error) => {
          throw explained(error, hop, { timer, signal: request.signal })
        })
        const next = nextHop(hop, answer)
        if (!next) return answer
        if (redirects >= (request.mostRedirects ?? MOST_REDIRECTS)) {
          throw new OutboundError('redirects', `${hop.url.origin} redirects too often`)
        }
        hop = next
      }
    },
    check(url) {
      checkLiteral(permits, parseUrl(url))
    },
    close: connections.close,
  }
}

interface Parts {
  options: OutboundOptions
  permits: Permits
  connections: Connections
}

async function one(
  { options, permits, connections }: Parts,
  request: OutboundRequest,
  { url, method, body, headers }: Hop,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  signal.throwIfAborted()
  checkLiteral(permits, url)
  const host = hostOf(url)
  const proxied =
    options.proxy !== undefined && !(options.noProxy ?? []).some((pattern) => matchesHost(pattern, host))
  if (proxied) await checkForProxy(options.resolve ?? resolveByDns, permits, host)
  const ca = [options.ca, request.ca].filter((pem) => pem !== undefined)
  const dispatcher = await connections.to(
    {
      verify: request.verifyCertificate ?? true,
      ca: ca.length > 0 ? ca.join('\n') : undefined,
    },
    proxied,
  )
  const { request: send } = await import('undici')
  const answer = await send(url, { dispatcher, method, headers, body: body ?? null, signal })
  const { mostBytes, longer = 'error' } = request
  const read = await readAnswer(answer.body, mostBytes)
  if (read.cut && longer === 'error') {
    throw new OutboundError('too-large', `${url.origin} answered with more than ${mostBytes} bytes`)
  }

  return { status: answer.statusCode, headers: answer.headers, ...read }
}

function firstHop(request: OutboundRequest): Hop {
  const url = parseUrl(request.url)
  const [username, password] = [url.username, url.password].map(decodeURIComponent) as [string, string]
  url.username = ''
  url.password = ''
  url.hash = ''
  const basic = Buffer.from(`${username}:${password}`)
  const credentials: Record<string, string> = {
    ...(username !== '' && { authorization: `Basic ${basic.toString('base64')}` }),
    ...request.credentials,
  }

  return {
    url,
    method: request.method,
    body: request.body,
    headers: { ...request.headers, ...credentials },
    secret: Object.keys(credentials),
  }
}

/** An http or https URL, whose user and password can be read. Throws OutboundError. */
function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new OutboundError('invalid', 'the address must be an http or https URL')
  }
  if (!isDecodable(`${url.username} ${url.password}`)) {
    throw new OutboundError('invalid', 'the user or the password in the address is not well escaped')
  }
  return url
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** Addresses that are written out; whatever way that was (`0x7f.1`, `2130706433`), the URL has them in plain form. */
function checkLiteral(permits: Permits, url: URL): void {
  const host = hostOf(url)
  if (isIP(host) !== 0 && !permits(host, host)) throw new OutboundError('refused', refusal(host))
}

/**
 * Behind a proxy it is the proxy that resolves names. What is known here to lead inside is refused all the same; names
 * that only the proxy knows are its own to judge.
 */
async function checkForProxy(resolve: Resolve, permits: Permits, host: string): Promise<void> {
  if (isIP(host) !== 0) return
  const found = await resolve(host).catch(() => [])
  if (found.some(({ address }) => !permits(address, host))) throw new OutboundError('refused', refusal(host))
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function explained(
  error: unknown,
  { url }: Hop,
  by: { timer: AbortSignal; signal: AbortSignal | undefined },
) {
  if (by.signal?.aborted) return new OutboundError('aborted', `the call of ${url.origin} was given up`)
  if (by.timer.aborted) return new OutboundError('timeout', `${url.origin} took too long`)
  return toOutboundError(error, url.origin)
}
