import { accessoryPlaces } from '../artifacts/accessories/subscriber.ts'
import { tagHistory } from '../artifacts/history/subscriber.ts'
import { createForwarder } from '../audit/forwarding/forwarder.ts'
import { auditTrail } from '../audit/subscribers.ts'
import { writeLastUses } from '../auth/service.ts'
import { ensureSigningKey } from '../auth/tokens/keys.ts'
import { type Asked, quickToken } from '../auth/tokens/quick.ts'
import { immutableRulesOfDeletedProjects } from '../immutability/subscribers.ts'
import { labelsOfDeletedProjects } from '../labels/subscribers.ts'
import { membersThatAreGone } from '../members/subscribers.ts'
import type { Database } from '../platform/db/database.ts'
import { watchCircles } from '../platform/db/transact.ts'
import { createDispatcher } from '../platform/events/dispatcher.ts'
import { watchEvents } from '../platform/events/watch.ts'
import { putInFront, type Watch } from '../platform/http/quick-way.ts'
import { ensureLibraryProject } from '../projects/service.ts'
import { quotaCleanup } from '../quotas/subscribers.ts'
import { repositoryActivity } from '../repositories/subscribers.ts'
import { retentionOfDeletedProjects } from '../retention/subscribers.ts'
import { robotsOfDeletedProjects } from '../robots/subscribers.ts'
import { bindingsThatAreGone } from '../roles/subscribers.ts'
import { createHealthCheck } from '../system/health.ts'
import { FIRST_ADMINISTRATOR } from '../users/model.ts'
import { getUser } from '../users/service.ts'
import { webhookDeliveries, webhooksOfDeletedProjects } from '../webhooks/subscribers.ts'
import { createHealth } from './health.ts'
import { createHttp, isOverTls } from './http.ts'
import { composeWorker, scheduleOwnWork } from './jobs.ts'
import { forwardingOf } from './outbound.ts'
import { runPeriodically } from './periodic.ts'
import { ownTasks, sharedTasks } from './periodic-tasks.ts'
import { addQuickPulls, quickPullDeps } from './quick-pulls.ts'
import { quickTokens } from './quick-tokens.ts'
import { addRoutes } from './routes.ts'
import type { ComposedServer, ServerParts } from './server-parts.ts'
import { auditOf, createServices, type Services } from './services.ts'
import { composeSettings } from './settings.ts'
import { loadTls, watchTls } from './tls.ts'
import { composeWebhookWorker, webhooksOf } from './webhooks.ts'

const POLL_MILLISECONDS = 1000

/** Read only where figures are shown. */
async function showFigures(
  app: ComposedServer['app'],
  { metrics }: NonNullable<ServerParts['meters']>,
  { config, db, storage, settings, version, siblings }: ServerParts & Pick<Services, 'settings'>,
): Promise<Watch> {
  const [{ measureRequests }, { addGauges }] = await Promise.all([
    import('./metrics/http.ts'),
    import('./metrics/gauges.ts'),
  ])
  const watch = measureRequests(app, metrics)
  // What the database tells is the same for all.
  if (siblings?.leads === false) return watch
  addGauges({
    metrics,
    db,
    settings,
    version,
    mostProjects: config.metrics.projects,
    checkHealth: createHealthCheck({ db, storage }),
  })
  return watch
}

/** Puts the program together: services, routes, subscribers and periodic tasks. Opens nothing. */
export async function composeServer(opened: ServerParts): Promise<ComposedServer> {
  const { config, log } = opened
  const configuration = await composeSettings(opened)
  const subscribers = [
    repositoryActivity,
    tagHistory,
    accessoryPlaces,
    quotaCleanup,
    labelsOfDeletedProjects,
    membersThatAreGone,
    robotsOfDeletedProjects,
    auditTrail(auditOf(configuration.settings)),
    bindingsThatAreGone,
    webhookDeliveries(webhooksOf(config, configuration.settings)),
    webhooksOfDeletedProjects,
    immutableRulesOfDeletedProjects,
    retentionOfDeletedProjects,
  ]
  const dispatcher = createDispatcher({
    db: opened.prepared,
    log,
    subscribers,
    patience: { attempts: 8, seconds: config.events.giveUpMinutes * 60 },
    pollMilliseconds: POLL_MILLISECONDS,
  })
  const { siblings } = opened
  const leads = siblings?.leads ?? true
  siblings?.onEvents(dispatcher.wake)
  // Whoever writes an event wakes the dispatcher, be it that of another process.
  const wake = siblings && !leads ? siblings.tellOfEvents : dispatcher.wake
  const watched = (database: Database) =>
    watchEvents(
      watchCircles(database, (circle) => {
        log.warn(circle, 'transactions have waited for one another in a circle, and one of them was ended')
      }),
      wake,
    )
  const parts = { ...opened, db: watched(opened.db), prepared: watched(opened.prepared) }
  const { db } = parts
  const services = createServices(parts, { ...configuration, db })
  await ensureSigningKey({ db, box: parts.secretKey, now: services.auth.now })
  await ensureLibraryProject(services.projects, await getUser({ db }, FIRST_ADMINISTRATOR))

  await scheduleOwnWork(parts)

  const tls = loadTls(config)
  const app = createHttp(config, log, tls)
  if (opened.tracing) {
    const { traceRequests } = await import('./tracing/http.ts')
    traceRequests(app, opened.tracing)
  }
  const watch =
    opened.meters && (await showFigures(app, opened.meters, { ...parts, settings: services.settings }))
  await addRoutes(app, parts, services, subscribers)
  // A trace tells what Fastify does.
  if (!opened.tracing) {
    const findToken = (asked: Asked) => quickToken(services.auth, asked)
    const tellFailed = (err: unknown, reqId: string) => log.error({ reqId, err }, 'request failed')
    putInFront(app, quickTokens({ findToken, https: isOverTls(config), tellFailed }), { watch })
    addQuickPulls(app, config, quickPullDeps(parts, services), { watch })
  }
  const works = config.roles !== 'web' && leads
  const worker = works ? await composeWorker(parts, services) : undefined
  const webhookWorker = works ? await composeWebhookWorker(parts, services.webhooks) : undefined
  const forwarder = works
    ? createForwarder({
        db,
        log,
        endpoint: () => services.settings.get('audit_log_forward_endpoint'),
        send: forwardingOf(config),
      })
    : undefined
  // In the order in which they started.
  const stops: (() => void | Promise<void>)[] = []

  return {
    app,
    health: createHealth(db, worker),
    async start() {
      if (leads) await dispatcher.start()
      services.data.pulls.start()
      stops.push(
        services.data.pulls.stop,
        services.auth.failedLogins.close,
        () => writeLastUses(services.auth),
        dispatcher.stop,
        services.outbound.close,
        services.sweeper.stop,
        runPeriodically([...ownTasks(services), ...(leads ? sharedTasks(parts, services) : [])], log).stop,
      )
      worker?.start()
      if (worker) stops.push(worker.stop)
      webhookWorker?.start()
      if (webhookWorker) stops.push(webhookWorker.stop)
      forwarder?.start()
      if (forwarder) stops.push(forwarder.stop)
      if (tls) stops.push(watchTls(app.server as Parameters<typeof watchTls>[0], config, log))
    },
    async close() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}
