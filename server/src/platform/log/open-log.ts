import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DestinationStream, Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { FatalError } from '../errors.ts'
import { logIds } from '../tracing/current.ts'
import { createLogger } from './logger.ts'

/** So long the end of a process waits for its receiver. */
const LAST_MILLISECONDS = 2000

/** The log of a process that stays: standard output, and what the configuration names besides. */
export interface OpenLog {
  log: Logger
  /** Takes an entry of another process to where ours go besides standard output. */
  pass(line: string): void
  /** Sends what still waits. */
  close(): Promise<void>
}

/**
 * Every entry has what is in `base`. Where another process has file and receiver open they are handed to `take` instead. Throws
 * FatalError where a file or a receiver cannot be used.
 */
export async function openLog(
  { log: config, outbound, tracing }: Pick<Config, 'log' | 'outbound' | 'tracing'>,
  base: object,
  take?: (line: string) => void,
): Promise<OpenLog> {
  const more: DestinationStream[] = []
  const isWanted = config.file !== undefined || config.syslog !== undefined
  if (take && isWanted) more.push({ write: take })
  if (!take && config.file !== undefined) more.push(await openFile(config, config.file))
  const syslog =
    take || config.syslog === undefined ? undefined : await openSyslog(config.syslog, outbound.caFile)
  if (syslog) more.push(syslog)
  const mixin = tracing.endpoint === undefined ? undefined : logIds

  return {
    log: createLogger({ log: config }, 'stdout', more, { base, mixin }),
    pass(line) {
      for (const stream of more) stream.write(line)
    },
    close: async () => {
      await Promise.race([syslog?.close(), sleep(LAST_MILLISECONDS)])
    },
  }
}

async function openFile({ fileBytes, files }: Config['log'], path: string): Promise<DestinationStream> {
  const { rotatingFile } = await import('./rotating-file.ts')
  try {
    return rotatingFile({ path, mostBytes: fileBytes, files })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    throw new FatalError(`log.file: ${path} cannot be written (${code})`, { cause })
  }
}

async function openSyslog(text: string, caFile: string | undefined) {
  const [{ parseEndpoint }, { syslogStream }] = await Promise.all([
    import('../syslog/endpoint.ts'),
    import('./syslog-stream.ts'),
  ])
  const endpoint = parseEndpoint(text)
  if (!endpoint) throw new FatalError('log.syslog: must be udp://, tcp:// or tls://host:port')
  // The operator's own: it may be anywhere.
  const findAddress = async (host: string) => (await lookup(host)).address

  return syslogStream({ endpoint, send: { findAddress, ca: caFile && (await readFile(caFile, 'utf8')) } })
}
