import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { ignore } from '../../../lib/ignore.ts'
import { FatalError } from '../../errors.ts'
import { ROLE, SOCKET_PORT } from './settings.ts'

// sun_path has 108 bytes on Linux and 104 on macOS, the closing zero included.
const PATH_LIMIT = 103

export interface SocketAddress {
  connection: pg.PoolConfig
  /** To be called when no connection will be opened any more. */
  release(): void
}

/**
 * How to reach the server whose socket lies in `directory`. A path too long for a socket is reached
 * through an open descriptor of the directory.
 */
export function socketAddress(directory: string): SocketAddress {
  if (Buffer.byteLength(join(directory, `.s.PGSQL.${SOCKET_PORT}`)) <= PATH_LIMIT) {
    return { connection: connectionTo(directory), release: ignore }
  }
  if (process.platform !== 'linux')
    throw new FatalError(`the path ${directory} is too long for a Unix socket`)
  const descriptor = openSync(directory, 'r')

  return { connection: connectionTo(`/proc/self/fd/${descriptor}`), release: () => closeSync(descriptor) }
}

function connectionTo(host: string): pg.PoolConfig {
  return { host, port: SOCKET_PORT, user: ROLE, database: 'postgres' }
}
