import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What may become of a request: refused unseen, never heard, done but not answered, answered by half. */
const TROUBLES = ['refused', 'unheard', 'unanswered', 'halved'] as const

/** A way to a server on which requests meet trouble. */
export interface UnreliableWay {
  readonly url: string
  /** How many requests have met each kind of trouble. */
  readonly met: Readonly<Record<(typeof TROUBLES)[number], number>>
  /** From now on so many of hundred requests meet trouble. */
  worsen(percent: number): void
  close(): Promise<void>
}

/** `random` answers numbers from 0 up to 1. Bodies are held in memory. */
export async function openUnreliableWay(to: string, random: () => number): Promise<UnreliableWay> {
  const target = new URL(to)
  const met = { refused: 0, unheard: 0, unanswered: 0, halved: 0 }
  let percent = 0

  async function pass(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const body = await buffer(incoming)
    const trouble = random() * 100 < percent ? TROUBLES[Math.floor(random() * TROUBLES.length)] : undefined
    if (trouble) met[trouble] += 1
    if (trouble === 'unheard') return void outgoing.destroy()
    if (trouble === 'refused') return void outgoing.writeHead(503).end()

    const { method, url, headers } = incoming
    const sent = http.request({ hostname: target.hostname, port: target.port, method, path: url, headers })
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [http.IncomingMessage]
    const bytes = await buffer(answer)
    if (trouble === 'unanswered') return void outgoing.destroy()
    outgoing.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
    if (trouble === 'halved') {
      outgoing.write(bytes.subarray(0, bytes.length / 2), () => outgoing.destroy())
    } else outgoing.end(bytes)
  }

  const server = http
    .createServer((incoming, outgoing) => {
      pass(incoming, outgoing).catch(() => outgoing.destroy())
    })
    .listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    met,
    worsen: (to) => {
      percent = to
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
