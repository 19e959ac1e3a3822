import { hostname } from 'node:os'
import type { DestinationStream } from 'pino'
import type { SyslogEndpoint } from '../syslog/endpoint.ts'
import { FACILITY, formatMessage, SEVERITY } from '../syslog/message.ts'
import { type SendOptions, sendMessages } from '../syslog/send.ts'

export interface SyslogStreamOptions {
  endpoint: SyslogEndpoint
  send: SendOptions
  /** Milliseconds between two batches, and at most between two attempts. */
  delays?: { batch: number; longest: number }
  /** Entries that may wait; of more the oldest are dropped, and their number is told. */
  mostWaiting?: number
}

const DELAYS = { batch: 500, longest: 30_000 }
const MOST_WAITING = 10_000
const BATCH = 500
const MOST_BYTES = { udp: 2048, tcp: 8192, tls: 8192 } as const

const OF_LEVEL: Readonly<Record<string, number>> = {
  fatal: SEVERITY.critical,
  error: SEVERITY.error,
  warn: SEVERITY.warning,
  info: SEVERITY.info,
}

/**
 * Sends entries to a syslog receiver behind the back of whoever logs: they gather in memory, within bounds, and nobody waits.
 * One that is away gets them in order when it is back.
 */
export function syslogStream(options: SyslogStreamOptions): DestinationStream & { close(): Promise<void> } {
  const { batch, longest } = options.delays ?? DELAYS
  const mostWaiting = options.mostWaiting ?? MOST_WAITING
  const host = hostname()
  let waiting: { time: Date; line: string }[] = []
  let dropped = 0
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<boolean> | undefined

  function toMessage({ time, line }: { time: Date; line: string }): Buffer {
    const level = /^\{"level":"(\w+)"/.exec(line)?.[1] ?? ''
    return formatMessage(
      {
        facility: FACILITY.daemon,
        severity: OF_LEVEL[level] ?? SEVERITY.debug,
        time,
        host,
        app: 'portolan',
        process: process.pid,
        id: 'log',
        text: line.trimEnd(),
      },
      MOST_BYTES[options.endpoint.transport],
    )
  }

  /** Answers whether the receiver is there. */
  async function flush(): Promise<boolean> {
    while (waiting.length > 0) {
      const taken = waiting.splice(0, BATCH)
      const missing = dropped
      const notes =
        missing > 0
          ? [
              {
                time: new Date(),
                line: `{"level":"warn","msg":"${missing} entries of the log were dropped"}`,
              },
            ]
          : []
      try {
        await sendMessages(options.endpoint, [...notes, ...taken].map(toMessage), options.send)
        dropped -= missing
        failures = 0
      } catch {
        waiting = [...taken, ...waiting]
        shorten()
        failures += 1
        return false
      }
    }
    return true
  }

  function shorten(): void {
    const surplus = waiting.length - mostWaiting
    if (surplus <= 0) return
    waiting.splice(0, surplus)
    dropped += surplus
  }

  function plan(): void {
    if (timer !== undefined || sending !== undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        sending = flush().finally(() => {
          sending = undefined
          if (waiting.length > 0) plan()
        })
      },
      Math.min(batch * 2 ** Math.min(failures, 16), longest),
    )
    timer.unref()
  }

  return {
    write(line) {
      waiting.push({ time: new Date(), line })
      shorten()
      plan()
    },
    /** Sends what waits, if the receiver is there; one attempt. */
    async close() {
      clearTimeout(timer)
      await sending
      await flush()
    },
  }
}
