/** A map that forgets what was used least recently once the weights of its values exceed a budget. */
export interface Lru<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
}

/** @param weigh of one value, in the unit of `budget`; a value heavier than the budget is not kept. */
export function createLru<K, V>(budget: number, weigh: (value: V) => number): Lru<K, V> {
  const entries = new Map<K, V>()
  let weight = 0

  function remove(key: K): void {
    const value = entries.get(key)
    if (value === undefined) return
    entries.delete(key)
    weight -= weigh(value)
  }

  return {
    get(key) {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set(key, value) {
      remove(key)
      if (weigh(value) > budget) return
      entries.set(key, value)
      weight += weigh(value)
      for (const oldest of entries.keys()) {
        if (weight <= budget) break
        remove(oldest)
      }
    },
    delete: remove,
  }
}
