import { createPendingRelease } from '../artifacts/release.ts'
import { createSweeper, type Sweeper } from '../artifacts/sweep.ts'
import { writePulls } from '../audit/pulls.ts'
import type { AuditDeps } from '../audit/subscribers.ts'
import { type AuthDeps, createAuth, forgetRobot, hearChange } from '../auth/service.ts'
import type { BrowserDeps } from '../auth/sessions/routes.ts'
import { reclaimNow } from '../gc/collect.ts'
import { gcSystemJob } from '../gc/model.ts'
import type { SystemJob } from '../jobs/system-job/service.ts'
import { ignore } from '../lib/ignore.ts'
import { createContextLookup, type FindContext } from '../members/context-lookup.ts'
import { addProjectAdmin } from '../members/service.ts'
import type { OutboundClient } from '../platform/outbound/client.ts'
import type { ProjectsDeps } from '../projects/service.ts'
import { createRefusals, type TellRefusal } from '../quotas/refusals.ts'
import { readUsage } from '../quotas/usage-store.ts'
import { countRepositories } from '../repositories/store.ts'
import type { RobotsDeps } from '../robots/service.ts'
import type { ScrubDeps } from '../scrub/settle-object.ts'
import { disabledAuditEvents } from '../settings/disabled-audit-events.ts'
import type { SettingsServiceDeps } from '../settings/service.ts'
import type { Settings } from '../settings/settings.ts'
import { createPasswords } from '../users/passwords.ts'
import type { DeliveriesDeps } from '../webhooks/deliveries/service.ts'
import { tellPulls } from '../webhooks/subscribers.ts'
import { createDataPlane, type DataPlane } from './data-plane.ts'
import { createOutbound } from './outbound.ts'
import type { ServerParts } from './server-parts.ts'
import { createWebhooks } from './webhooks.ts'

/** Everything that the routes work with, put together once. */
export interface Services {
  settings: Settings
  configuration: SettingsServiceDeps
  findProject: FindContext
  auth: BrowserDeps
  robots: RobotsDeps
  projects: ProjectsDeps
  data: DataPlane
  sweeper: Sweeper
  /** Takes the bytes of blobs out of the store now, those that nothing references. */
  reclaim(blobIds: readonly number[]): Promise<boolean>
  /** Gives back to the quotas what was uploaded and never referenced. */
  releasePending(): Promise<unknown>
  /** The collection as it is started and scheduled. */
  gc: SystemJob
  /** What the scrub works with. */
  scrub: ScrubDeps
  outbound: OutboundClient
  webhooks: DeliveriesDeps
  tellQuotaExceeded: TellRefusal
}

/** Makes them, in the order in which they need each other. */
export function createServices(parts: ServerParts, configuration: SettingsServiceDeps): Services {
  const { config, log, db, secretKey } = parts
  const { settings } = configuration
  const audit = auditOf(settings)
  const findProject = createContextLookup(parts.prepared)
  const passwords = createPasswords()
  const auth: AuthDeps = createAuth({
    db,
    prepared: parts.prepared,
    log,
    passwords,
    box: secretKey,
    findProject,
    tokenMinutes: () => settings.get('token_expiration'),
    offlineTokenDays: config.auth.offlineTokenDays,
    sessionMinutes: () => settings.get('session_timeout'),
    robotNamePrefix: () => settings.get('robot_name_prefix'),
    tellOfAttempt: parts.siblings?.tellOfAttempt,
    tellOfChange: parts.siblings?.tellOfChange,
  })
  parts.siblings?.onAttempt(auth.throttle.hear)
  parts.siblings?.onChange((change) => {
    if (change.of !== 'settings') return hearChange(auth, change)
    // They are read again in a second anyway.
    settings.refresh().catch(ignore)
  })

  const outbound = createOutbound(config, parts.tracing)
  const webhooks = createWebhooks(parts, settings, outbound)
  const data = createDataPlane(parts, settings, async (tx, pulls) => {
    await writePulls(audit, tx, pulls)
    await tellPulls(webhooks, tx, pulls)
  })

  const reclaim = (ids: readonly number[]) =>
    reclaimNow(data.artifacts, ids, ({ digest }, error) =>
      log.error({ err: error, digest }, 'a purged blob could not be deleted'),
    )

  return {
    settings,
    configuration,
    findProject,
    auth: { ...auth, externalUrl: config.externalUrl },
    robots: {
      db,
      passwords,
      namePrefix: auth.robotNamePrefix,
      defaultDays: () => settings.get('robot_token_duration'),
      onRobotChanged: (id) => forgetRobot(auth, id),
    },
    projects: {
      db,
      settings,
      countRepositories,
      usedStorage: async (tx, id) => (await readUsage(tx, id)).used,
      quotasEnforced: data.uploads.quotas.enforced,
      addProjectAdmin,
    },
    data,
    releasePending: createPendingRelease(db, data.uploads.graceSeconds),
    gc: gcSystemJob(data.uploads.graceSeconds),
    scrub: {
      db,
      storage: parts.storage,
      store: data.uploads.store,
      quarantineDays: config.scrub.quarantineDays,
    },
    outbound,
    webhooks,
    tellQuotaExceeded: createRefusals({ db, now: auth.now }),
    reclaim,
    sweeper: createSweeper({
      db,
      reclaim,
      onError: (error) => log.error({ err: error }, 'deleted repositories could not be swept'),
    }),
  }
}

/** What the audit log asks of the settings. */
export function auditOf(settings: Settings): AuditDeps {
  return {
    disabledTypes: async () => disabledAuditEvents(settings),
    destinations: () => {
      const forward = settings.get('audit_log_forward_endpoint') !== ''
      return { forward, keep: !(forward && settings.get('skip_audit_log_database')) }
    },
  }
}
