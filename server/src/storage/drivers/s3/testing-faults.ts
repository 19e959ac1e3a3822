import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * What happens to a request: `busy` is answered 503 without the server's knowing, `reset` loses the connection before the
 * server hears of it, `lost` after it has done the work, `cut` in the middle of its answer, `silent` never answers.
 */
export const FAULTS = ['busy', 'reset', 'lost', 'cut', 'silent'] as const
export type Fault = (typeof FAULTS)[number]

/** Stands between the driver and a server. */
export interface FaultProxy {
  endpoint: string
  /** Requests since the last `plan`. */
  readonly seen: number
  /** Counts anew, and lets `fault` happen to the requests with these numbers, from 0 on. */
  plan(fault: Fault | undefined, isHit: (number: number) => boolean): void
  close(): Promise<void>
}

export async function startFaultProxy(endpoint: string): Promise<FaultProxy> {
  const target = new URL(endpoint)
  let seen = 0
  let fault: Fault | undefined
  let isHit: (number: number) => boolean = () => false

  const server = createServer((incoming, outgoing) => {
    const hit = isHit(seen) ? fault : undefined
    seen += 1
    incoming.on('error', () => outgoing.destroy())
    treat(incoming, outgoing, target, hit).catch(() => outgoing.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get seen() {
      return seen
    },
    plan(next, hits) {
      seen = 0
      fault = next
      isHit = hits
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function treat(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: URL,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'reset') {
    outgoing.destroy()
    return
  }
  const body = await buffer(incoming)
  if (fault === 'silent') return
  if (fault === 'busy') {
    outgoing.writeHead(503, { 'content-type': 'application/xml' })
    outgoing.end('<Error><Code>SlowDown</Code><Message>later</Message></Error>')
    return
  }

  const answer = await forward(incoming, body, target)
  const bytes = await buffer(answer)
  if (fault === 'lost') {
    outgoing.destroy()
    return
  }
  outgoing.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
  if (fault === 'cut') outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy())
  else outgoing.end(bytes)
}

async function forward(incoming: IncomingMessage, body: Buffer, target: URL): Promise<IncomingMessage> {
  const { hostname, port } = target
  const { method, url: path, headers } = incoming
  // The host that was signed goes along as it came.
  const sent = request({ hostname, port, method, path, headers, agent: false })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]

  return answer
}
