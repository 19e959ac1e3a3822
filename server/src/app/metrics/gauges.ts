import { countForwards } from '../../audit/forwarding/queue-store.ts'
import { listQueues } from '../../jobs/queues/service.ts'
import { countSchedules } from '../../jobs/schedules/store.ts'
import { selectRunning, selectWorkers } from '../../jobs/worker-store.ts'
import type { Database } from '../../platform/db/database.ts'
import { selectSubscriberStates } from '../../platform/events/dead-letter-store.ts'
import type { MetricsRegistry } from '../../platform/metrics/registry.ts'
import { sparing } from '../../platform/metrics/sparing.ts'
import { countOpenFindings } from '../../scrub/findings-store.ts'
import type { Settings } from '../../settings/settings.ts'
import { countArtifactsByType, selectProjectFigures, tallyAll } from '../../statistics/gauges-store.ts'
import { createStoredBytes } from '../../statistics/service.ts'
import type { ComponentHealth } from '../../system/health.ts'
import { webhookQueues } from '../../webhooks/queues-store.ts'

export interface GaugesDeps {
  metrics: MetricsRegistry
  db: Database
  settings: Settings
  version: string
  /** Of how many projects figures of their own are shown. */
  mostProjects: number
  checkHealth(): Promise<ComponentHealth[]>
}

const CONTENT_MILLISECONDS = 30_000
const WORK_MILLISECONDS = 5_000
const MOST_TYPES = 20
const MOST_BEHIND = 100_000

/** What Harbor's exporter shows: read from the database when somebody asks, and seldom. */
export function addGauges(deps: GaugesDeps): void {
  const { metrics } = deps
  metrics.onScrape('content', sparing(CONTENT_MILLISECONDS, contentReader(deps)))
  metrics.onScrape('artifacts', sparing(CONTENT_MILLISECONDS, artifactsReader(deps)))
  metrics.onScrape('work', sparing(WORK_MILLISECONDS, workReader(deps)))
  addSystemInfo(deps)
  addHealth(deps)
}

function addHealth({ metrics, checkHealth }: GaugesDeps): void {
  const health = metrics.gauge('harbor_health', 'Whether everything works', [])
  const up = metrics.gauge('harbor_up', 'Whether a part works', ['component'])
  metrics.onScrape('health', async () => {
    const parts = await checkHealth()
    health.set(parts.every(({ error }) => error === undefined) ? 1 : 0)
    for (const { name, error } of parts) up.set({ component: name }, error === undefined ? 1 : 0)
  })
}

function addSystemInfo({ metrics, settings, version }: GaugesDeps): void {
  const info = metrics.gauge('harbor_system_info', 'What this is', [
    'auth_mode',
    'harbor_version',
    'self_registration',
  ])
  metrics.onScrape('system', () => {
    info.reset()
    info.set(
      {
        auth_mode: settings.get('auth_mode'),
        harbor_version: version,
        self_registration: String(settings.get('self_registration')),
      },
      1,
    )
  })
}

function contentReader({ metrics, db, mostProjects }: GaugesDeps): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
    metrics.gauge(`harbor_${name}`, help, labels)
  const projects = gauge('project_total', 'Projects', ['public'])
  const amounts = new Map(
    ['total', 'public', 'private'].map((which) => [
      which,
      {
        projects: gauge(`statistics_${which}_project_amount`, `Projects, ${which}`, []),
        repositories: gauge(`statistics_${which}_repo_amount`, `Repositories, ${which}`, []),
      },
    ]),
  )
  const stored = gauge('statistics_total_storage_consumption', 'Bytes of all blobs, each once', [])
  const limit = gauge('project_quota_byte', 'Bytes that a project may hold, -1 without limit', [
    'project_name',
  ])
  const used = gauge('project_quota_usage_byte', 'Bytes that a project holds', ['project_name'])
  const repositories = gauge('project_repo_total', 'Repositories of a project', ['project_name', 'public'])
  const members = gauge('project_member_total', 'Members of a project', ['project_name'])
  const pulls = gauge('artifact_pulled', 'Pulls from a project', ['project_name'])
  const storedBytes = createStoredBytes(db)

  return async () => {
    const [tallies, figures, bytes] = await Promise.all([
      tallyAll(db),
      selectProjectFigures(db, mostProjects),
      storedBytes(),
    ])
    const sum = { projects: 0, repositories: 0 }
    for (const which of [true, false]) {
      const tally = tallies.find((row) => row.public === which) ?? { projects: 0, repositories: 0 }
      projects.set({ public: String(which) }, tally.projects)
      amounts.get(which ? 'public' : 'private')?.projects.set(tally.projects)
      amounts.get(which ? 'public' : 'private')?.repositories.set(tally.repositories)
      sum.projects += tally.projects
      sum.repositories += tally.repositories
    }
    amounts.get('total')?.projects.set(sum.projects)
    amounts.get('total')?.repositories.set(sum.repositories)
    stored.set(bytes)

    // Projects that are gone are shown no more.
    for (const each of [limit, used, repositories, members, pulls]) each.reset()
    for (const one of figures) {
      limit.set({ project_name: one.name }, one.limit ?? -1)
      used.set({ project_name: one.name }, one.used)
      repositories.set({ project_name: one.name, public: String(one.public) }, one.repositories)
      members.set({ project_name: one.name }, one.members)
      pulls.set({ project_name: one.name }, one.pulls)
    }
  }
}

/** Apart, because it is the slowest where there is much. */
function artifactsReader({ metrics, db, mostProjects }: GaugesDeps): () => Promise<void> {
  const artifacts = metrics.gauge('harbor_project_artifact_total', 'Artifacts of a project', [
    'project_name',
    'public',
    'artifact_type',
  ])

  return async () => {
    const figures = await countArtifactsByType(db, { projects: mostProjects, types: MOST_TYPES })
    artifacts.reset()
    for (const one of figures) {
      artifacts.set(
        { project_name: one.name, public: String(one.public), artifact_type: one.type },
        one.artifacts,
      )
    }
  }
}

function workReader({ metrics, db }: GaugesDeps): () => Promise<void> {
  const waiting = metrics.gauge('harbor_task_queue_size', 'Tasks that wait', ['type'])
  const latency = metrics.gauge('harbor_task_queue_latency', 'Seconds that the first one waits', ['type'])
  const running = metrics.gauge('harbor_task_concurrency', 'Tasks that run', ['type', 'pool'])
  const scheduled = metrics.gauge('harbor_task_scheduled_total', 'Schedules', [])
  const info = metrics.gauge('harbor_jobservice_info', 'Workers', ['node', 'pool', 'workers'])
  const behind = metrics.gauge('portolan_events_behind', 'Events that a subscriber has yet to hear', [
    'subscriber',
  ])
  const dead = metrics.gauge('portolan_events_dead_letters', 'Events put aside', ['subscriber'])

  const forwarding = metrics.gauge(
    'portolan_audit_forward_waiting',
    'Entries of the audit log that have yet to be forwarded',
    [],
  )

  const findings = metrics.gauge('portolan_scrub_findings', 'What the scrub has found and is open', ['kind'])

  return async () => {
    const [queues, tasks, workers, schedules, subscribers, forwards, open] = await Promise.all([
      listQueues({ db, others: [webhookQueues] }),
      selectRunning(db),
      selectWorkers(db),
      countSchedules(db),
      selectSubscriberStates(db, MOST_BEHIND),
      countForwards(db, MOST_BEHIND),
      countOpenFindings(db),
    ])
    for (const each of [waiting, latency, running, info, behind, dead]) each.reset()
    for (const queue of queues) {
      waiting.set({ type: queue.kind }, queue.waiting)
      latency.set({ type: queue.kind }, queue.latency)
    }
    for (const { kind, workerId } of tasks) running.inc({ type: kind, pool: workerId })
    for (const worker of workers) {
      info.set({ node: worker.host, pool: worker.id, workers: String(worker.concurrency) }, 1)
    }
    scheduled.set(schedules)
    forwarding.set(forwards)
    for (const kind of ['missing', 'damaged', 'unreadable', 'orphan', 'foreign']) findings.set({ kind }, 0)
    for (const { kind, count } of open) findings.set({ kind }, count)
    for (const subscriber of subscribers) {
      behind.set({ subscriber: subscriber.name }, subscriber.behind)
      dead.set({ subscriber: subscriber.name }, subscriber.deadLetters)
    }
  }
}
