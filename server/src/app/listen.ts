import type { AddressInfo, Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { FatalError } from '../platform/errors.ts'

const SWEEP_MS = 50

export interface Listening {
  port: number
  /** Under which people reach it: the external URL, else the address listened on. */
  url: string
}

/** Where to listen. */
export interface Address {
  readonly listen: Pick<Config['listen'], 'address' | 'port'>
}

/** Opens the port; a `FatalError` where that is not possible. */
export async function listen(app: FastifyInstance, config: Config): Promise<Listening> {
  const { address, port } = config.listen
  try {
    await app.listen({ host: address, port })
  } catch (cause) {
    throw listenError(config, cause as NodeJS.ErrnoException)
  }

  return listeningOn(config, boundPort(app.server))
}

/** The port that was found for port 0. */
export function boundPort(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** How people reach what listens on that port. */
export function listeningOn(config: Config, port: number): Listening {
  const { address } = config.listen
  const scheme = config.tls.certificate === undefined ? 'http' : 'https'
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : address.includes(':') ? `[${address}]` : address

  return { port, url: config.externalUrl ?? `${scheme}://${host}:${port}` }
}

/** Why the port could not be opened, in words. */
export function listenError(config: Address, cause: NodeJS.ErrnoException): FatalError {
  return new FatalError(listenProblem(config, cause), { cause })
}

function listenProblem(config: Address, error: NodeJS.ErrnoException): string {
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
