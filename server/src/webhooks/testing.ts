import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { secretBox } from '../platform/crypto/secret-box.ts'
import type { Database } from '../platform/db/database.ts'
import { createOutboundClient } from '../platform/outbound/client.ts'
import type { DeliveriesDeps } from './deliveries/service.ts'
import type { PolicyRequest } from './service.ts'
import type { WebhookWorkerDeps } from './worker.ts'

/** Something that webhooks call, for tests. */
export interface Receiver {
  url: string
  heard: { headers: IncomingHttpHeaders; body: string }[]
  /** What it answers to the so-manieth call, 200 unless told. */
  answer(status: (call: number, body: string) => number | undefined | Promise<number | undefined>): void
  close(): Promise<void>
}

export async function openReceiver(port = 0): Promise<Receiver> {
  const heard: Receiver['heard'] = []
  let calls = 0
  let statusOf: Parameters<Receiver['answer']>[0] = () => 200
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const body = Buffer.concat(pieces).toString('utf8')
    calls += 1
    const status = (await statusOf(calls, body)) ?? 200
    if (status < 300) heard.push({ headers: request.headers, body })
    response.writeHead(status, { connection: 'close' }).end('secret words of the receiver')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    answer(status) {
      statusOf = status
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The slice over a real database, whose calls may reach this machine. */
export function webhooksDeps(db: Database): DeliveriesDeps & WebhookWorkerDeps {
  return {
    db,
    log: pino({ level: 'silent' }),
    box: secretBox(new Uint8Array(32)),
    outbound: createOutboundClient({ allowNetworks: ['127.0.0.0/8'], allowHosts: [] }),
    enabled: () => true,
    registryHost: 'registry.test',
    timeoutMilliseconds: 2000,
    now: () => new Date(),
    giveUpSeconds: 3600,
    delays: { first: 0.02, longest: 0.05 },
    leaseSeconds: 15,
    pollMilliseconds: 20,
  }
}

/** What asks for a webhook that hears of pushes. */
export function policyRequest(
  name: string,
  address: string,
  more: Partial<PolicyRequest> = {},
  target: Partial<PolicyRequest['targets'][number]> = {},
): PolicyRequest {
  return {
    name,
    description: '',
    enabled: true,
    eventTypes: ['PUSH_ARTIFACT'],
    repositoryPattern: '',
    tagPattern: '',
    ...more,
    targets: [
      {
        type: 'http',
        address,
        skipCertVerify: false,
        payloadFormat: '',
        template: '',
        authHeader: undefined,
        headers: undefined,
        signingSecret: undefined,
        ...target,
      },
    ],
  }
}
