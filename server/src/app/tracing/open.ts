import type pg from 'pg'
import type { Logger } from 'pino'
import type { Config } from '../../config/schema.ts'
import { traceStatements } from '../../platform/db/trace-statements.ts'
import { FatalError } from '../../platform/errors.ts'
import type { Tracing } from '../../platform/tracing/tracing.ts'
import type { Observe } from '../../storage/guarded-driver.ts'
import { storageTracer } from './parts.ts'

/** What the parts of the program are handed, to tell what they do. There where `tracing.endpoint` is set. */
export interface Traces {
  tracing: Tracing
  observeStorage: Observe
  onConnection(client: pg.PoolClient): void
}

/** Throws FatalError for an endpoint that is none. */
export async function openTraces(config: Config, log: Logger, version: string): Promise<Traces> {
  const url = tracesUrl(config.tracing.endpoint ?? '')
  const { openTracing } = await import('../../platform/tracing/otlp.ts')
  const tracing = openTracing({ url, ratio: config.tracing.ratio, version, log })

  return {
    tracing,
    observeStorage: storageTracer(tracing, config.storage.driver),
    onConnection: (client) => traceStatements(client, tracing),
  }
}

/** Where a collector takes traces, unless the endpoint says so itself. */
function tracesUrl(endpoint: string): string {
  const url = URL.parse(endpoint)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new FatalError('tracing.endpoint: must be an http or https URL without user and password')
  }
  if (url.pathname === '/') url.pathname = '/v1/traces'
  return url.href
}
