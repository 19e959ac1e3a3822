/**
 * Folds single lookups into few large ones: keys asked for while earlier loads are under way go out
 * together. Every key is loaded after it was asked for, so an answer is never older than its question.
 *
 * @param load answers one value a key, in the order of the keys.
 * @param options.parallel loads under way at most; `options.size` keys a load at most.
 */
export function foldLookups<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  options: { parallel: number; size: number } = { parallel: 2, size: 500 },
): (key: K) => Promise<V> {
  let waiting: { key: K; resolve: (value: V) => void; reject: (error: unknown) => void }[] = []
  let running = 0
  let scheduled = false

  function schedule(): void {
    if (scheduled || running >= options.parallel || waiting.length === 0) return
    scheduled = true
    // After the input of this turn of the event loop: whatever else came with it is folded in.
    setImmediate(() => {
      scheduled = false
      void run()
    })
  }

  async function run(): Promise<void> {
    const batch = waiting.slice(0, options.size)
    waiting = waiting.slice(options.size)
    running += 1
    try {
      const values = await load(batch.map((entry) => entry.key))
      if (values.length !== batch.length) throw new Error(`${values.length} values for ${batch.length} keys`)
      batch.forEach((entry, index) => {
        entry.resolve(values[index] as V)
      })
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      running -= 1
      schedule()
    }
  }

  return (key) =>
    new Promise<V>((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      schedule()
    })
}
