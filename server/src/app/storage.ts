import type { Config } from '../config/schema.ts'
import { contains, parseAddress, parseNetwork, withoutEmbedding } from '../platform/outbound/addresses.ts'
import type { StorageOptions } from '../storage/open.ts'

/** How the blob store of the configuration is opened. */
export function storageOptions({ storage }: Config): StorageOptions<'filesystem' | 's3'> {
  if (storage.driver === 'filesystem') return { driver: 'filesystem', ...storage.filesystem }
  const { bucket = '', prefix = '', encryption, noRedirectNetworks: _networks, ...rest } = storage.s3

  return { driver: 's3', ...rest, bucket, prefix, ...(encryption !== 'none' && { encryption }) }
}

/** Why the blob store could not be opened, in words that begin with the key of the configuration that names it. */
export function storageProblem({ storage }: Config, error: unknown): string {
  const reasons: string[] = []
  for (let reason = error; reason instanceof Error; reason = reason.cause) reasons.push(reason.message)
  const [key, place] =
    storage.driver === 'filesystem'
      ? ['storage.filesystem.directory', storage.filesystem.directory]
      : ['storage.s3.bucket', storage.s3.bucket]

  return `${key}: ${place} cannot be used: ${reasons.join(': ')}`
}

/** Whether a client at that address may be sent to the bucket itself. */
export function createRedirectRule({ storage }: Config): (address: string) => boolean {
  const networks = storage.s3.noRedirectNetworks.map(parseNetwork)

  return (text) => {
    const address = parseAddress(text)
    if (address === undefined) return false
    const plain = withoutEmbedding(address)
    return !networks.some((network) => contains(network, plain) || contains(network, address))
  }
}
