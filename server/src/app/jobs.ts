import { repositoryRestore } from '../artifacts/trash/repositories/job.ts'
import { PURGE_AUDIT_LOG, purgeAuditLog, purgeSystemJob } from '../audit/purging/job.ts'
import { GARBAGE_COLLECTION, garbageCollection } from '../gc/job.ts'
import { BY_ITSELF } from '../jobs/schedules/model.ts'
import { ensureSchedule } from '../jobs/schedules/service.ts'
import { deleteSchedule } from '../jobs/schedules/store.ts'
import { EXECUTION_SWEEP, executionSweep, SWEEP_CRON, startSweep } from '../jobs/sweep.ts'
import { onScheduleOf } from '../jobs/system-job/service.ts'
import { createWorker, type Worker } from '../jobs/worker.ts'
import { RETENTION, retention, startScheduledRetention } from '../retention/job.ts'
import { scrub } from '../scrub/job.ts'
import { SCRUB, scrubSystemJob, WEEKLY_CRON } from '../scrub/model.ts'
import type { ServerParts } from './server-parts.ts'
import type { Services } from './services.ts'

/** The kinds of work that tasks are made of, and what schedules start. */
export async function composeWorker(
  { config, db, storage, log, meters, tracing }: ServerParts,
  { data, gc, auth, sweeper, releasePending, scrub: scrubDeps }: Services,
): Promise<Worker> {
  const around = tracing && (await import('./tracing/parts.ts')).runTracer(tracing)
  const { store, graceSeconds } = data.uploads

  return createWorker({
    db,
    storage,
    log,
    kinds: [
      executionSweep({ db, storage, keep: config.jobs.keepExecutions }),
      purgeAuditLog({ db, now: auth.now }),
      retention({ ...data.artifacts, now: auth.now }),
      repositoryRestore({ db, quotas: data.artifacts.quotas, onDeleted: sweeper.kick }),
      scrub({ ...scrubDeps, bytesPerSecond: config.scrub.bytesPerSecond }),
      garbageCollection({
        db,
        storage,
        store,
        graceSeconds,
        releasePending,
        trashDays: config.trash.days,
        onCollected: meters?.onCollected,
        findImmutable: data.artifacts.findImmutable,
      }),
    ],
    schedules: {
      [EXECUTION_SWEEP]: startSweep,
      [GARBAGE_COLLECTION]: onScheduleOf(gc),
      [PURGE_AUDIT_LOG]: onScheduleOf(purgeSystemJob),
      [SCRUB]: onScheduleOf(scrubSystemJob),
      [RETENTION]: startScheduledRetention,
    },
    concurrency: config.jobs.concurrency,
    deadSeconds: config.jobs.takeOverSeconds,
    observe: meters?.observeRun,
    around,
  })
}

/** What is scheduled without anybody's asking. */
export async function scheduleOwnWork({ db, config, storage }: ServerParts): Promise<void> {
  await ensureSchedule(db, EXECUTION_SWEEP, SWEEP_CRON)
  if (!config.scrub.weekly) {
    await deleteSchedule(db, SCRUB, BY_ITSELF)
    return
  }
  // Who reads a whole bucket pays for it, and its maker watches over the bytes.
  const parameters = scrubSystemJob.readParameters({ rehash: storage.kind !== 's3' })
  await ensureSchedule(db, SCRUB, WEEKLY_CRON, { vendorId: BY_ITSELF, parameters })
}
