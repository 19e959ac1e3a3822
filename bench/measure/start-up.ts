import { temporaryDirectory } from '../../tests/harness/directory.ts'
import type { Peer } from '../peers/peer.ts'
import type { Measured } from '../workload.ts'

/** Starts every registry on an empty data directory and again on the same, as often as told, in turn. */
export async function startUps(
  peers: readonly Peer[],
  rounds: number,
  record: (peer: Peer, measured: Measured) => void,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const directory = await temporaryDirectory('bench')
      for (const what of ['start-up, on an empty directory', 'start-up, later']) {
        const running = await peer.start(directory.path)
        record(peer, { what, unit: 'ms', more: false, value: running.startedAfterMs })
        await running.stop()
      }
      await directory.remove()
    }
  }
}
