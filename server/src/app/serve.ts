import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { createLifecycle } from './lifecycle.ts'
import { countProcesses } from './processes/count.ts'
import { listenForStop } from './signals.ts'
import { start } from './start.ts'
import type { Terminal } from './terminal.ts'

export interface ServeOptions {
  config: Config
  log: Logger
  terminal: Terminal | undefined
  /** Takes entries of other processes' logs to where those of this one go besides standard output. */
  passLog(line: string): void
}

/** How many processes `serve` makes of itself, the supervisor not among them. */
export function processesOf(config: Config): number {
  return countProcesses(config, availableParallelism())
}

/**
 * Runs the server until SIGTERM or SIGINT, then stops in order: no new connections, requests in
 * flight end, workers, storage, database. Whatever fails on the way up is a `FatalError`, and what was
 * open by then is closed.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { config, log, terminal } = options
  const stop = listenForStop()
  const lifecycle = createLifecycle(log)
  const processes = processesOf(config)
  try {
    const running =
      processes === 1
        ? await start(options, lifecycle)
        : await (await import('./processes/supervisor.ts')).startProcesses(options, lifecycle, processes)
    if (running.listening) {
      const { port, url } = running.listening
      log.info({ url, port, address: config.listen.address, ...(processes > 1 && { processes }) }, 'ready')
      terminal?.show(`Portolan is ready: ${url}\nCtrl-C stops it.`)
    } else {
      log.info({ roles: config.roles }, 'ready')
      terminal?.show('This worker of Portolan is ready.\nCtrl-C stops it.')
    }

    const end = await Promise.race([stop.received, running.failed])
    if (end instanceof Error) throw end
    log.info({ signal: end }, 'stopping')
  } finally {
    await lifecycle.close()
    stop.dispose()
  }
  log.info('stopped')
}
