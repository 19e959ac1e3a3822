import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { FatalError } from '../errors.ts'
import type { MetricsRegistry } from './registry.ts'

/** What a process says of itself: no reason means that it is well. */
export type Health = () => Promise<string | undefined>

export interface MetricsListener {
  port: number
  close(): Promise<void>
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

/**
 * Serves `/metrics` and `/healthz` on a port of their own, away from where clients come. Nothing else is there, and nobody
 * is asked who he is. Throws FatalError where the port cannot be had.
 */
export async function listenForScrapes(
  { address, port }: { address: string; port: number },
  { metrics, health, log }: { metrics: Pick<MetricsRegistry, 'text'>; health: Health; log: Logger },
): Promise<MetricsListener> {
  const answer = async (method: string, path: string) => {
    if (path !== '/metrics' && path !== '/healthz') return { status: 404, headers: TEXT, body: 'not found\n' }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, headers: { ...TEXT, allow: 'GET, HEAD' }, body: 'method not allowed\n' }
    }
    if (path === '/metrics') {
      const { contentType, body } = await metrics.text()
      return { status: 200, headers: { 'content-type': contentType }, body }
    }
    const problem = await health()
    return { status: problem ? 503 : 200, headers: TEXT, body: `${problem ?? 'healthy'}\n` }
  }
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    void answer(request.method ?? '', path)
      .catch((error: unknown) => {
        log.error({ err: error, path }, 'the listener of metrics failed')
        return { status: 500, headers: TEXT, body: 'failed\n' }
      })
      .then(({ status, headers, body }) => {
        response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
        response.end(request.method === 'HEAD' ? undefined : body)
      })
  })
  server.requestTimeout = 10_000
  server.maxConnections = 64
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new FatalError(
      `cannot listen on ${address}:${port} (metrics.port): ${cause.code ?? cause.message}`,
      {
        cause,
      },
    )
  })

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
