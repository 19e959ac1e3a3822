import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { FatalError } from '../platform/errors.ts'

const SWEEP_MS = 50

export interface Listening {
  port: number
  /** Under which people reach it: the external URL, else the address listened on. */
  url: string
}

/** Opens the port; a `FatalError` where that is not possible. */
export async function listen(app: FastifyInstance, config: Config): Promise<Listening> {
  const { address, port } = config.listen
  try {
    await app.listen({ host: address, port })
  } catch (cause) {
    throw new FatalError(listenProblem(config, cause as NodeJS.ErrnoException), { cause })
  }
  const bound = (app.server.address() as AddressInfo).port
  const scheme = config.tls.certificate === undefined ? 'http' : 'https'
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : address.includes(':') ? `[${address}]` : address

  return { port: bound, url: config.externalUrl ?? `${scheme}://${host}:${bound}` }
}

function listenProblem(config: Config, error: NodeJS.ErrnoException): string {
  const { address, port } = config.listen
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use (listen.port)`
    case 'EACCES':
      return `port ${port} may not be opened by this user (listen.port)`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${address} is no address of this machine (listen.address)`
    default:
      return error.code === undefined ? error.message : `cannot listen on ${address}:${port} (${error.code})`
  }
}

/**
 * Accepts no more connections, lets requests in flight end within `seconds`, then breaks what is left.
 * Connections that are kept alive close when their request has been answered.
 */
export async function drain(app: FastifyInstance, seconds: number): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  const patience = setTimeout(() => app.server.closeAllConnections(), seconds * 1000)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
    clearTimeout(patience)
  }
}
