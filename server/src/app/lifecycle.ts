import type { Logger } from 'pino'

/** What has been opened so far, to be closed in the opposite order. */
export interface Lifecycle {
  /** Registers how to close what was just opened. */
  opened(name: string, close: () => void | Promise<void>): void
  /** Closes all, the newest first; one that fails does not keep the others open. */
  close(): Promise<void>
}

export function createLifecycle(log: Logger): Lifecycle {
  const closers: { name: string; close: () => void | Promise<void> }[] = []

  return {
    opened(name, close) {
      closers.push({ name, close })
    },
    async close() {
      for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
        try {
          await next.close()
          log.debug({ part: next.name }, 'closed')
        } catch (error) {
          log.error({ err: error, part: next.name }, 'closing failed')
        }
      }
    },
  }
}
