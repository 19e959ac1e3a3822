import type { Exchange } from './exchange.ts'

/** GET /v2/: that we speak the specification, and that the credentials are good ("Determining Support"). */
export async function getBase(exchange: Exchange): Promise<unknown> {
  return exchange.reply.send({})
}
