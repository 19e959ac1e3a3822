import { openConnection } from './connection.ts'

/** Requests that are due at moments of their own, whether or not those before have been answered. */
export interface Pace {
  connections: number
  /** Of all connections together, a second. */
  rate: number
  seconds: number
}

export interface PacedResult {
  perSecond: number
  /** Milliseconds from when a request was due to its answer, of 99 in 100 at most. */
  p99: number
}

/**
 * Asks by heads in turn, each connection at its own even pace and none at the moment of another. A request that is due while its
 * connection still waits for an answer is sent behind it, and its time counts from when it was due: who is slow is not asked less.
 * It rejects when an answer is not 200.
 */
export async function runPaced(url: string, heads: readonly string[], pace: Pace): Promise<PacedResult> {
  const { connections, rate, seconds } = pace
  const gap = (1000 * connections) / rate
  const times: number[] = []
  let next = 0
  const begin = performance.now() + 100

  async function run(place: number): Promise<void> {
    const connection = openConnection(url)
    try {
      for (let turn = 0; turn * gap < seconds * 1000; turn += 1) {
        const due = begin + (turn + place / connections) * gap
        const early = due - performance.now()
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
        const head = heads[next++ % heads.length] ?? ''
        const { status, text } = await connection.ask(head)
        if (status !== 200) throw new Error(`${status}: ${text}`)
        times.push(performance.now() - Math.max(due, begin))
      }
    } finally {
      connection.close()
    }
  }

  await Promise.all(Array.from({ length: connections }, (_, place) => run(place)))
  times.sort((a, b) => a - b)
  const took = (performance.now() - begin) / 1000
  return { perSecond: times.length / took, p99: times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN }
}
