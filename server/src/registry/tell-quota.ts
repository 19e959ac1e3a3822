import { isDigest } from '../oci/digest.ts'
import { QuotaExceededError } from '../quotas/model.ts'
import { actorIn, type Exchange, filled } from './exchange.ts'

/** Runs the request. That a push was refused for lack of room is told before it is answered, whatever comes of telling. */
export async function tellingQuota(exchange: Exchange, run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof QuotaExceededError && exchange.project) {
      await tell(exchange, exchange.project, error).catch((failure: unknown) => {
        exchange.request.log.error({ err: failure }, 'the excess of a quota was not told')
      })
    }
    throw error
  }
}

async function tell(
  exchange: Exchange,
  { id, name }: { id: number; name: string },
  error: QuotaExceededError,
): Promise<void> {
  const { endpoint, reference } = exchange
  const manifest = endpoint === 'manifest-put' ? reference : undefined

  await exchange.deps.tellQuotaExceeded({
    project: { id, name },
    repository: filled(exchange, 'name').repository,
    tag: manifest !== undefined && !isDigest(manifest) ? manifest : undefined,
    digest: manifest !== undefined && isDigest(manifest) ? manifest : undefined,
    actor: actorIn(exchange),
    message: error.message,
  })
}
