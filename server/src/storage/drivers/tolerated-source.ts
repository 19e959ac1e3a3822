/** A source that ends where it would have thrown, and then knows why. */
export interface ToleratedSource {
  /** To be iterated once. */
  chunks: AsyncIterable<Uint8Array>
  /** `{ failure }` once the source has failed, else nothing: ready to be spread into an `Appended`. */
  outcome(): { failure?: unknown }
  /** Closes the source of a call that fails before it iterates. */
  discard(): void
}

const ENDED: IteratorResult<Uint8Array> = { done: true, value: undefined }

/**
 * Lets a driver tell a failing source from a failing store: errors of `source` end `chunks` and are kept
 * for `outcome`; whatever else is thrown while iterating is the store's own.
 *
 * The first chunk is asked for at once. A stream only has a listener for its errors while somebody
 * iterates it: a client who goes away while the driver still opens a file would end the process.
 */
export function tolerateSource(source: AsyncIterable<Uint8Array>): ToleratedSource {
  const iterator = source[Symbol.asyncIterator]()
  let outcome: { failure?: unknown } = {}

  async function pull(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next()
    } catch (failure) {
      outcome = { failure }
      return ENDED
    }
  }

  async function close(): Promise<IteratorResult<Uint8Array>> {
    try {
      await iterator.return?.()
    } catch {
      // It is being dropped; how it takes that is its own affair.
    }
    return ENDED
  }

  let first: Promise<IteratorResult<Uint8Array>> | undefined = pull()
  async function next(): Promise<IteratorResult<Uint8Array>> {
    const pulled = first ?? pull()
    first = undefined
    return pulled
  }

  return {
    chunks: { [Symbol.asyncIterator]: () => ({ next, return: close }) },
    outcome: () => outcome,
    discard() {
      // Not awaited: a generator closes only when the pull that is pending has settled.
      void close()
    },
  }
}
