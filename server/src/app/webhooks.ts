import type { Config } from '../config/schema.ts'
import type { OutboundClient } from '../platform/outbound/client.ts'
import type { Settings } from '../settings/settings.ts'
import type { DeliveriesDeps } from '../webhooks/deliveries/service.ts'
import type { EnqueueDeps } from '../webhooks/enqueue.ts'
import { createWebhookWorker, type WebhookWorker } from '../webhooks/worker.ts'
import type { ServerParts } from './server-parts.ts'

/** What webhooks ask of the settings and the configuration. */
export function webhooksOf({ externalUrl, listen }: Config, settings: Settings): EnqueueDeps {
  return {
    enabled: () => settings.get('notification_enable'),
    registryHost: externalUrl === undefined ? `localhost:${listen.port}` : new URL(externalUrl).host,
  }
}

export function createWebhooks(
  { config, db, secretKey }: ServerParts,
  settings: Settings,
  outbound: OutboundClient,
): DeliveriesDeps {
  return {
    ...webhooksOf(config, settings),
    db,
    box: secretKey,
    outbound,
    timeoutMilliseconds: config.webhooks.timeoutSeconds * 1000,
    now: () => new Date(),
  }
}

export async function composeWebhookWorker(
  { config, log, tracing }: ServerParts,
  webhooks: DeliveriesDeps,
): Promise<WebhookWorker> {
  const around = tracing && (await import('./tracing/parts.ts')).deliveryTracer(tracing)
  return createWebhookWorker({
    ...webhooks,
    log,
    giveUpSeconds: config.webhooks.giveUpMinutes * 60,
    leaseSeconds: config.jobs.takeOverSeconds,
    ...(around && { around }),
  })
}
