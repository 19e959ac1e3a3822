/** So many keys are worth a load of their own beside one that is under way. */
const MANY = 64
/** Milliseconds after which a load that is under way is waited for no longer. */
const PATIENCE = 5

/**
 * Folds single lookups into few large ones: keys asked for while earlier loads are under way go out
 * together. Every key is loaded after it was asked for, so an answer is never older than its question.
 *
 * @param load answers one value a key, in the order of the keys.
 * @param nameOf a key: keys of one name are one question, and all who asked it in time get the same value, which
 *   nobody may change.
 * @param limits.parallel loads under way at most; `limits.size` keys a load at most.
 */
export function foldLookups<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  nameOf: (key: K) => string,
  limits: { parallel: number; size: number } = { parallel: 2, size: 500 },
): (key: K) => Promise<V> {
  let waiting: { key: K; resolve: (value: V) => void; reject: (error: unknown) => void }[] = []
  let running = 0
  let scheduled = false
  let patience: NodeJS.Timeout | undefined

  function schedule(isLate = false): void {
    if (scheduled || running >= limits.parallel || waiting.length === 0) return
    // One large load costs less than two small ones, and is there hardly later.
    if (running > 0 && waiting.length < MANY && !isLate) {
      patience ??= setTimeout(() => {
        patience = undefined
        schedule(true)
      }, PATIENCE)
      return
    }
    scheduled = true
    // After the input of this turn of the event loop: whatever else came with it is folded in.
    setImmediate(() => {
      scheduled = false
      void run()
    })
  }

  async function run(): Promise<void> {
    const batch = waiting.slice(0, limits.size)
    waiting = waiting.slice(limits.size)
    running += 1
    // There may be more than one load takes.
    schedule()
    try {
      const asked = new Map(batch.map(({ key }) => [nameOf(key), key]))
      const values = await load([...asked.values()])
      if (values.length !== asked.size) throw new Error(`${values.length} values for ${asked.size} keys`)
      const found = new Map([...asked.keys()].map((name, index) => [name, values[index] as V]))
      for (const { key, resolve } of batch) resolve(found.get(nameOf(key)) as V)
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      running -= 1
      clearTimeout(patience)
      patience = undefined
      schedule()
    }
  }

  return (key) =>
    new Promise<V>((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      schedule()
    })
}
