import { createHash, type Hash } from 'node:crypto'

/** A hash that tells the digest so far and goes on. */
export interface RunningHash {
  /** Bytes taken in. */
  readonly length: number
  update(chunk: Uint8Array): void
  /** `<algorithm>:<hex>` of all bytes until now. */
  digest(): string
}

/** Begins a hash over nothing. */
export function createRunningHash(algorithm: 'sha256' | 'sha512'): RunningHash {
  const hash: Hash = createHash(algorithm)
  let length = 0

  return {
    get length() {
      return length
    },
    update(chunk) {
      hash.update(chunk)
      length += chunk.length
    },
    digest: () => `${algorithm}:${hash.copy().digest('hex')}`,
  }
}

/** Passes a stream on and takes every chunk into the hash. */
export async function* hashThrough(
  source: AsyncIterable<Uint8Array>,
  hash: RunningHash,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
  }
}
