import { createSocket } from 'node:dgram'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, getCACertificates } from 'node:tls'
import type { SyslogEndpoint } from './endpoint.ts'
import { frame } from './message.ts'

export interface SendOptions {
  /** The address that a host is called at; throws where it must not be called. */
  findAddress: (host: string) => Promise<string>
  /** PEM of further authorities. */
  ca?: string | undefined
  /** For everything together. */
  milliseconds?: number
}

const MILLISECONDS = 10_000
const CONNECT_MILLISECONDS = 5000
/** Receivers close when we do. One that does not is believed after so long. */
const LINGER_MILLISECONDS = 2000
/** A refusal of a datagram comes back on its own. */
const REFUSAL_MILLISECONDS = 50

/**
 * Sends messages in their order, over a connection of their own, and resolves when the receiver has them as far as the
 * transport can tell: over TCP and TLS it has read to the end and closed its side. Rejects otherwise; some of them may have
 * arrived then.
 */
export async function sendMessages(
  endpoint: SyslogEndpoint,
  messages: readonly Buffer[],
  options: SendOptions,
): Promise<void> {
  const address = await options.findAddress(endpoint.host)
  if (endpoint.transport === 'udp') return await sendDatagrams(address, endpoint.port, messages)
  const socket = await open(endpoint, address, options)
  await writeAll(socket, Buffer.concat(messages.map(frame)), options.milliseconds ?? MILLISECONDS)
}

/** Whether there is anybody. Of UDP nothing can be known but where it leads. */
export async function probe(endpoint: SyslogEndpoint, options: SendOptions): Promise<void> {
  const address = await options.findAddress(endpoint.host)
  if (endpoint.transport === 'udp') return
  const socket = await open(endpoint, address, options)
  socket.destroy()
}

function open(
  { transport, host, port }: SyslogEndpoint,
  address: string,
  { ca }: SendOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      transport === 'tls'
        ? connectTls({
            host: address,
            port,
            ...(isIP(host) === 0 && { servername: host }),
            ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
          })
        : connectTcp(port, address)
    const timer = setTimeout(
      () => socket.destroy(new Error(`${host}:${port} does not take the connection`)),
      CONNECT_MILLISECONDS,
    )
    socket.once('close', () => clearTimeout(timer))
    socket.once('error', reject)
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', reject)
      // Whoever uses it listens; nobody else must fall over it.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

function writeAll(socket: Socket, bytes: Buffer, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let written = false
    const timer = setTimeout(() => socket.destroy(new Error('the receiver took too long')), milliseconds)
    let linger: NodeJS.Timeout | undefined
    socket.once('error', reject)
    socket.once('close', (failed) => {
      clearTimeout(timer)
      clearTimeout(linger)
      if (written && !failed) resolve()
      else reject(new Error('the receiver closed the connection'))
    })
    // What receivers say is nothing to us, but the end comes behind it.
    socket.resume()
    socket.end(bytes, () => {
      written = true
      linger = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS)
    })
  })
}

async function sendDatagrams(address: string, port: number, messages: readonly Buffer[]): Promise<void> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure ??= error
  })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, address, resolve)
    })
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        socket.send(message, (error) => (error ? reject(error) : resolve()))
      })
      if (failure) break
    }
    await sleep(REFUSAL_MILLISECONDS)
    if (failure) throw failure
  } finally {
    socket.close()
  }
}
