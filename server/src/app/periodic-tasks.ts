import { foldCounts } from '../artifacts/listed-store.ts'
import { classifyPending } from '../artifacts/pending.ts'
import { emptyTrash } from '../artifacts/trash/service.ts'
import { boundForwards } from '../audit/forwarding/bound.ts'
import { ensureComingPartitions } from '../audit/service.ts'
import { purgeAuth, writeLastUses } from '../auth/service.ts'
import { purgeAbandonedUploads } from '../blobs/purge.ts'
import { createContinuousCollector } from '../gc/continuous.ts'
import { createIdleMemory } from '../platform/idle-memory.ts'
import { tendFindings } from '../scrub/tend.ts'
import { SETTINGS_REFRESH } from '../settings/settings.ts'
import { cleanUpDeliveries } from '../webhooks/clean-up.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

const MINUTE = 60_000
const HOUR = 3_600_000

/** What every process does again and again, for what it has in its memory. */
export function ownTasks({ auth, configuration }: Services) {
  const memory = createIdleMemory()

  return [
    { name: 'refresh settings', everyMilliseconds: SETTINGS_REFRESH, run: configuration.settings.refresh },
    {
      name: 'give idle memory back',
      everyMilliseconds: 5000,
      run: async () => memory.settle(),
    },
    { name: 'tell of failed logins', everyMilliseconds: 1000, run: auth.failedLogins.flush },
    { name: 'write last uses of access tokens', everyMilliseconds: 60_000, run: () => writeLastUses(auth) },
  ]
}

/** What one process of those that were started together does, whoever asks or not; replicas may do it beside each other. */
export function sharedTasks(
  { config, db, storage, log, meters }: ServerParts,
  { auth, data, sweeper, releasePending, scrub }: Services,
) {
  const { store, graceSeconds } = data.uploads

  return [
    { name: 'sweep deleted repositories', everyMilliseconds: MINUTE, run: sweeper.sweep },
    { name: 'empty the trash', everyMilliseconds: HOUR, run: () => emptyTrash({ db }) },
    {
      name: 'look after what the scrub has found',
      everyMilliseconds: MINUTE,
      run: () => tendFindings(scrub),
    },
    { name: 'fold artifact counts', everyMilliseconds: MINUTE, run: () => foldCounts(db) },
    {
      name: 'tell what artifacts of before are',
      everyMilliseconds: HOUR,
      run: async () => {
        await classifyPending(data.artifacts)
      },
    },
    {
      name: 'give back what no manifest has referenced',
      everyMilliseconds: HOUR,
      run: async () => {
        await releasePending()
      },
    },
    ...(config.gc.continuous
      ? [
          {
            name: 'reclaim space',
            everyMilliseconds: Math.min(10_000, Math.max(graceSeconds, 1) * 1000),
            run: createContinuousCollector({
              db,
              storage,
              log,
              store,
              graceSeconds,
              onCollected: meters?.onCollected,
            }),
          },
        ]
      : []),
    {
      name: 'purge abandoned uploads',
      everyMilliseconds: HOUR,
      run: async () => {
        await purgeAbandonedUploads(data.uploads, config.registry.uploadExpiryHours)
      },
    },
    {
      name: 'make the coming partitions of the audit log',
      everyMilliseconds: HOUR,
      run: () => ensureComingPartitions({ db, now: auth.now }),
    },
    {
      name: 'bound what of the audit log waits to be forwarded',
      everyMilliseconds: 5 * MINUTE,
      run: () => boundForwards({ db, log, onDropped: meters?.onForwardsDropped }),
    },
    {
      name: 'clean up deliveries of webhooks',
      everyMilliseconds: HOUR / 4,
      run: () =>
        cleanUpDeliveries(
          { db, log },
          { keep: config.webhooks.keepDeliveries, mostWaiting: 50_000, mostDead: 10_000, deadDays: 30 },
        ),
    },
    { name: 'purge sessions and offline tokens', everyMilliseconds: HOUR / 4, run: () => purgeAuth(auth) },
  ]
}
