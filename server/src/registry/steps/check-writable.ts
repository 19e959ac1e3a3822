import type { Exchange } from '../exchange.ts'

/** Nothing is changed while the system is read-only, whoever asks. */
export function checkWritable(exchange: Exchange): void {
  exchange.deps.checkWritable()
}
