import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import { parseEndpoint } from '../../platform/syslog/endpoint.ts'
import { FACILITY, formatMessage, SEVERITY } from '../../platform/syslog/message.ts'
import { probe, type SendOptions, sendMessages } from '../../platform/syslog/send.ts'
import { deleteForwards, type ForwardedEntry, selectForwards, takeForwarding } from './queue-store.ts'
import { entryText } from './text.ts'

export interface ForwarderDeps {
  db: Database
  log: Logger
  /** The setting; empty: nobody is told. */
  endpoint(): string
  send: SendOptions
  /** Milliseconds between two looks, and at most between two attempts. */
  delays?: { poll: number; longest: number }
}

export interface Forwarder {
  start(): void
  stop(): Promise<void>
}

const DELAYS = { poll: 500, longest: 60_000 }
const BATCH = 200
/** What receivers must take, and more than a datagram should have. */
const MOST_BYTES = { udp: 2048, tcp: 8192, tls: 8192 } as const
const HEAD_BYTES = 400

/**
 * Sends what waits to the receiver, in order, one process at a time. What was not sent, or not surely, is sent again:
 * at least once. A receiver that is away costs nobody else anything.
 */
export function createForwarder(deps: ForwarderDeps): Forwarder {
  const { poll, longest } = deps.delays ?? DELAYS
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  let failures = 0

  async function round(): Promise<number> {
    try {
      while (!stopped && (await forwardBatch(deps)) === BATCH);
      if (failures > 0) deps.log.info('the receiver of the audit log is back')
      failures = 0
      return poll
    } catch (error) {
      if (failures === 0) deps.log.error({ err: error }, 'the audit log cannot be forwarded, and waits')
      failures += 1
      return Math.min(poll * 2 ** Math.min(failures, 16), longest)
    }
  }

  function plan(delay: number): void {
    timer = setTimeout(() => {
      running = round().then((next) => {
        if (!stopped) plan(next)
      })
    }, delay)
  }

  return {
    start: () => plan(poll),
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Sends the oldest entries; answers how many. Throws where the receiver is not there: they stay. */
export async function forwardBatch(deps: Pick<ForwarderDeps, 'db' | 'endpoint' | 'send'>): Promise<number> {
  const endpoint = parseEndpoint(deps.endpoint())
  if (!endpoint) return 0
  return await deps.db.transaction().execute(async (tx) => {
    if (!(await takeForwarding(tx))) return 0
    const waiting = await selectForwards(tx, BATCH)
    if (waiting.length === 0) return 0
    const most = MOST_BYTES[endpoint.transport]
    await sendMessages(
      endpoint,
      waiting.map(({ entry }) => toMessage(entry, most)),
      deps.send,
    )
    await deleteForwards(
      tx,
      waiting.map(({ id }) => id),
    )
    return waiting.length
  })
}

/** Refuses a receiver that is none, may not be called, or is not there. Throws bad-request. */
export async function checkEndpoint(text: string, send: SendOptions): Promise<void> {
  const endpoint = parseEndpoint(text)
  if (!endpoint) {
    throw new DomainError(
      'bad-request',
      'bad request: audit_log_forward_endpoint must be host:port, or udp://, tcp:// or tls://host:port',
    )
  }
  await probe(endpoint, send).catch((cause: Error) => {
    throw new DomainError(
      'bad-request',
      `bad request: the audit log cannot be forwarded to ${text}: ${reasonOf(cause)}`,
      { cause },
    )
  })
}

function reasonOf(error: Error): string {
  return error.name === 'OutboundError'
    ? error.message
    : ((error as NodeJS.ErrnoException).code ?? 'no connection')
}

function toMessage(entry: ForwardedEntry, most: number): Buffer {
  return formatMessage(
    {
      facility: FACILITY.audit,
      severity: entry.succeeded ? SEVERITY.info : SEVERITY.warning,
      time: new Date(entry.time),
      host: hostname(),
      app: 'audit',
      process: process.pid,
      id: `${entry.operation}_${entry.resource_type}`,
      text: entryText(entry, most - HEAD_BYTES),
    },
    most,
  )
}
