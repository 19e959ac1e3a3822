import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { FatalError } from '../platform/errors.ts'
import { createOutboundClient, type OutboundClient } from '../platform/outbound/client.ts'
import { createAddressFinder } from '../platform/outbound/host.ts'
import type { SendOptions } from '../platform/syslog/send.ts'
import { traceCalls } from '../platform/tracing/calls.ts'
import type { Tracing } from '../platform/tracing/tracing.ts'

/** The way out, as the configuration has it. Throws FatalError for a proxy or a file that cannot be used. */
export function createOutbound(
  { outbound }: Pick<Config, 'outbound'>,
  tracing?: Tracing | undefined,
): OutboundClient {
  const { proxy, caFile, ...rest } = outbound
  // The value may hold a password: the message must not.
  if (proxy !== undefined && !/^https?:$/.test(URL.parse(proxy)?.protocol ?? '')) {
    throw new FatalError('outbound.proxy: must be an http or https URL')
  }

  const client = createOutboundClient({
    ...rest,
    proxy,
    ca: caFile === undefined ? undefined : readAuthorities(caFile),
  })
  return tracing ? traceCalls(client, tracing) : client
}

/** The same guard for syslog. */
export function forwardingOf({ outbound }: Pick<Config, 'outbound'>): SendOptions {
  return {
    findAddress: createAddressFinder(outbound),
    ca: outbound.caFile === undefined ? undefined : readAuthorities(outbound.caFile),
  }
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FatalError(`outbound.ca_file: ${path} cannot be read`, { cause })
  }
}
