/** A map that forgets what was used least recently once the weights of its values exceed a budget. */
export interface Lru<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
}

interface Entry<V> {
  value: V
  /** Since it was set, or last passed over. */
  wasUsed: boolean
}

/**
 * What was used is passed over once when something has to go, so that to use it costs no more than to find it: of two
 * things that were used the older one may go first.
 *
 * @param weigh of one value, in the unit of `budget`; a value heavier than the budget is not kept.
 */
export function createLru<K, V>(budget: number, weigh: (value: V) => number): Lru<K, V> {
  const entries = new Map<K, Entry<V>>()
  let weight = 0

  function remove(key: K): void {
    const entry = entries.get(key)
    if (entry === undefined) return
    entries.delete(key)
    weight -= weigh(entry.value)
  }

  /** Comes to an end: whatever it passes over it may take when it comes to it again. */
  function makeRoom(fresh: K): void {
    for (const [key, entry] of entries) {
      if (weight <= budget) return
      if (!entry.wasUsed && key !== fresh) {
        remove(key)
        continue
      }
      entry.wasUsed = false
      entries.delete(key)
      entries.set(key, entry)
    }
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entry.wasUsed = true
      return entry.value
    },
    set(key, value) {
      remove(key)
      if (weigh(value) > budget) return
      entries.set(key, { value, wasUsed: false })
      weight += weigh(value)
      makeRoom(key)
    },
    delete: remove,
  }
}
