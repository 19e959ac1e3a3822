import { temporaryDirectory } from '../../tests/harness/directory.ts'
import type { Peer } from '../peers/peer.ts'

export interface StartUp {
  /** Milliseconds on an empty data directory. */
  first: number[]
  /** Milliseconds on one that was used before. */
  later: number[]
}

/** Starts a registry on an empty data directory and again on the same, as often as told. */
export async function measureStartUp(peer: Peer, rounds: number): Promise<StartUp> {
  const result: StartUp = { first: [], later: [] }
  for (let round = 0; round < rounds; round += 1) {
    const directory = await temporaryDirectory('bench')
    for (const times of [result.first, result.later]) {
      const running = await peer.start(directory.path)
      times.push(running.startedAfterMs)
      await running.stop()
    }
    await directory.remove()
  }
  return result
}
