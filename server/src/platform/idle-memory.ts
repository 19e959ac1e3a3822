import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Above this share of its time the process is busy, and nobody wants a pause. */
const IDLE_BELOW = 0.05
/** What the young generation may hold on to, in bytes: less is not worth the pause. */
const YOUNG_BYTES = 8 * 1024 * 1024
/** Between two collections, in milliseconds: a trickle of requests is not to be held up again and again. */
const APART_MS = 10 * 60_000

/** What is asked of the engine. */
export interface Heap {
  now(): number
  /** Share of time, 0 to 1, that the event loop was busy since the last call. */
  utilization(): number
  /** Bytes that the young generation occupies, used or not. */
  youngBytes(): number
  /** A full collection that also gives pages back to the system; blocks for some 100 ms. */
  collect(): void
}

/**
 * What start-up or a rush has blown up is given back to the system once the process idles: the engine lets the young
 * generation grow with what survives, up to 48 MiB, and does not shrink it while nothing happens.
 */
export function createIdleMemory(heap: Heap = processHeap()): { settle(): void } {
  let last = Number.NEGATIVE_INFINITY

  return {
    settle() {
      const busy = heap.utilization()
      if (busy > IDLE_BELOW || heap.youngBytes() < YOUNG_BYTES || heap.now() - last < APART_MS) return
      last = heap.now()
      heap.collect()
    },
  }
}

/** The heap of this process. */
export function processHeap(): Heap {
  let before = performance.eventLoopUtilization()

  return {
    now: () => performance.now(),
    utilization() {
      const now = performance.eventLoopUtilization()
      const since = performance.eventLoopUtilization(now, before)
      before = now
      return since.utilization
    },
    youngBytes: () =>
      getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0,
    collect() {
      // The engine shows its collector to contexts that are made after this only.
      setFlagsFromString('--expose-gc')
      const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
      setFlagsFromString('--no-expose-gc')
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    },
  }
}
