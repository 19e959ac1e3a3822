import { readFileSync, statSync } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import { FatalError } from '../platform/errors.ts'

/** Certificate chain and private key, PEM. */
export interface TlsPair {
  cert: Buffer
  key: Buffer
}

// Mounted secrets change by a swapped symbolic link, which watching a file does not see. Looking does.
const LOOK_EVERY_MS = 2_000

/** Reads the configured pair and checks that both belong together; undefined where TLS is off. */
export function loadTls(config: Pick<Config, 'tls'>): TlsPair | undefined {
  const { certificate, key } = config.tls
  if (certificate === undefined || key === undefined) return undefined
  const pair = { cert: read(certificate, 'tls.certificate'), key: read(key, 'tls.key') }
  try {
    createSecureContext(pair)
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0]
    throw new FatalError(`tls.certificate and tls.key do not work together: ${reason}`, { cause })
  }

  return pair
}

/**
 * Follows the files: new connections get a changed pair, a broken one is logged and the old stays.
 *
 * @returns stops following.
 */
export function watchTls(server: Server, config: Pick<Config, 'tls'>, log: Logger): () => void {
  let seen = fingerprint(config)
  const timer = setInterval(() => {
    const now = fingerprint(config)
    if (now === seen) return
    seen = now
    try {
      const pair = loadTls(config)
      if (pair === undefined) return
      server.setSecureContext(pair)
      log.info({ certificate: config.tls.certificate }, 'TLS certificate read again')
    } catch (error) {
      log.error({ err: error }, 'the changed TLS files are not usable: the old certificate stays')
    }
  }, LOOK_EVERY_MS)
  timer.unref()

  return () => clearInterval(timer)
}

function read(file: string, name: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new FatalError(`${name}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
}

/** Changes when either file does. */
function fingerprint(config: Pick<Config, 'tls'>): string {
  const parts = [config.tls.certificate, config.tls.key].map((file) => {
    const stat = file === undefined ? undefined : statSync(file, { bigint: true, throwIfNoEntry: false })

    return stat === undefined
      ? 'none'
      : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`
  })

  return parts.join()
}
