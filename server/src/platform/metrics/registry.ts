import type { Logger } from 'pino'
import type * as PromClient from 'prom-client'
import { ignore } from '../../lib/ignore.ts'

/** What a registry holds at a moment. */
export type Figures = PromClient.MetricObjectWithValues<PromClient.MetricValue<string>>[]

/** Makes counters, gauges and histograms, all of one process. Handed to whoever measures; there is no other. */
export interface MetricsRegistry {
  counter<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
  ): PromClient.Counter<Label>
  gauge<Label extends string>(name: string, help: string, labels: readonly Label[]): PromClient.Gauge<Label>
  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    buckets: readonly number[],
  ): PromClient.Histogram<Label>
  /** Called before every answer, to set gauges. One that fails or is slow keeps no other from being shown. */
  onScrape(name: string, read: () => Promise<void> | void): void
  /** Everything as values, for whoever adds up those of several processes. */
  values(): Promise<Figures>
  /** Everything in the text format of Prometheus. */
  text(): Promise<{ contentType: string; body: string }>
}

// Longer does nobody wait for figures; those of before are shown.
const PATIENCE_MILLISECONDS = 3000

/** An empty registry, but for what every process of Node tells of itself. The library is read here and not before. */
export async function createMetricsRegistry(log: Logger): Promise<MetricsRegistry> {
  const { default: client } = await import('prom-client')
  const registry = new client.Registry()
  const readers: { name: string; read: () => Promise<void> | void }[] = []
  client.collectDefaultMetrics({ register: registry })
  const registers = [registry]

  async function readAll(): Promise<void> {
    await Promise.all(
      readers.map(({ name, read }) =>
        within(PATIENCE_MILLISECONDS, async () => read()).catch((error: unknown) =>
          log.warn({ err: error, figures: name }, 'figures could not be read'),
        ),
      ),
    )
  }

  return {
    counter: (name, help, labelNames) => new client.Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames) => new client.Gauge({ name, help, labelNames, registers }),
    histogram: (name, help, labelNames, buckets) =>
      new client.Histogram({ name, help, labelNames, buckets: [...buckets], registers }),
    onScrape(name, read) {
      readers.push({ name, read })
    },
    async values() {
      await readAll()
      return await registry.getMetricsAsJSON()
    },
    async text() {
      await readAll()
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}

async function within(milliseconds: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const working = work()
  working.catch(ignore)
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${milliseconds} ms`)), milliseconds)
  })
  try {
    await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
