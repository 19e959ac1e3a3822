import type { Logger } from 'pino'
import type { Collected } from '../../gc/collect.ts'
import type { ObserveRun } from '../../jobs/run-task.ts'
import type { PoolState } from '../../platform/db/database.ts'
import { createMetricsRegistry, type MetricsRegistry } from '../../platform/metrics/registry.ts'
import type { Observe } from '../../storage/guarded-driver.ts'

/** What the parts of the program are handed, to tell what they do. There where `metrics.port` is set. */
export interface Meters {
  metrics: MetricsRegistry
  observeStorage: Observe
  observeRun: ObserveRun
  onCollected(collected: Collected): void
  /** Told how many entries of the audit log were not forwarded. */
  onForwardsDropped(count: number): void
}

const STORAGE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30]
const TASK_BUCKETS = [0.1, 1, 10, 60, 300, 1800, 7200]

/** The counters of everything but HTTP, which counts itself. */
export async function createMeters(log: Logger, driver: string): Promise<Meters> {
  const metrics = await createMetricsRegistry(log)
  const tasks = metrics.counter('harbor_jobservice_task_total', 'Runs of tasks that are over', [
    'type',
    'status',
  ])
  const taskTime = metrics.histogram(
    'harbor_jobservice_task_process_time_seconds',
    'How long runs of tasks took',
    ['type', 'status'],
    TASK_BUCKETS,
  )
  const collectedBlobs = metrics.counter('portolan_collection_blobs_total', 'Blobs that were collected', [])
  const collectedBytes = metrics.counter('portolan_collection_bytes_total', 'Bytes of blobs collected', [])

  const unforwarded = metrics.counter(
    'portolan_audit_forward_dropped_total',
    'Entries of the audit log that were not forwarded, since too many waited',
    [],
  )

  return {
    metrics,
    observeStorage: storageMeter(metrics, driver),
    observeRun({ kind, status, seconds }) {
      tasks.inc({ type: kind, status })
      taskTime.observe({ type: kind, status }, seconds)
    },
    onCollected({ blobs, bytes }) {
      collectedBlobs.inc(blobs)
      collectedBytes.inc(bytes)
    },
    onForwardsDropped: (count) => unforwarded.inc(count),
  }
}

function storageMeter(metrics: MetricsRegistry, driver: string): Observe {
  const seconds = metrics.histogram(
    'registry_storage_action_seconds',
    'Operations of the blob store',
    ['driver', 'action'],
    STORAGE_BUCKETS,
  )
  const moved = metrics.counter('portolan_storage_bytes_total', 'Bytes moved by operations that wrote', [
    'driver',
    'action',
  ])
  const failures = metrics.counter('portolan_storage_failures_total', 'Operations that the store failed at', [
    'driver',
    'action',
  ])

  return (action, took, bytes, failed) => {
    seconds.observe({ driver, action }, took)
    if (bytes > 0) moved.inc({ driver, action }, bytes)
    if (failed) failures.inc({ driver, action })
  }
}

/** Shows how the pool of connections is doing. */
export function measurePool(metrics: MetricsRegistry, state: () => PoolState): void {
  const connections = metrics.gauge('portolan_database_connections', 'Connections to PostgreSQL', ['state'])
  const most = metrics.gauge('portolan_database_connections_max', 'Most connections of this process', [])
  const waiting = metrics.gauge('portolan_database_waiting', 'Who waits for a connection', [])
  metrics.onScrape('pool', () => {
    const pool = state()
    connections.set({ state: 'idle' }, pool.idle)
    connections.set({ state: 'busy' }, pool.open - pool.idle)
    most.set(pool.most)
    waiting.set(pool.waiting)
  })
}
