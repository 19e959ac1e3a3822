import type { Logger } from 'pino'
import type { Health } from '../../platform/metrics/listener.ts'
import { createMetricsRegistry, type Figures, type MetricsRegistry } from '../../platform/metrics/registry.ts'
import type { Asking } from './asking.ts'
import type { Child, Family } from './family.ts'

/** A process that does not answer for so long is left out; its own patience with what it reads is less. */
const PATIENCE_MILLISECONDS = 5000
/** As the library writes the types of what only grows. */
const COUNTED = new Set(['counter', 'histogram', 'summary'])
/** From here on what the departed had counted is added up, so that it does not pile up. */
const MOST_DEPARTED = 8

export interface TogetherDeps {
  log: Logger
  family: Pick<Family, 'ready'>
  asking: Asking
  /** How many processes there are to be. */
  count: number
}

export interface Together {
  metrics: Pick<MetricsRegistry, 'text'>
  health: Health
  /** That process is gone, and what it had counted goes on counting. */
  lost(child: Child): void
}

/**
 * The figures of all processes as if they were one: what was counted is added up, also what those had counted that are gone
 * (as far as somebody had asked for it), so that no counter ever goes back.
 */
export async function createTogether({ log, family, asking, count }: TogetherDeps): Promise<Together> {
  const { default: client } = await import('prom-client')
  const own = await createMetricsRegistry(log)
  const wanted = own.gauge('portolan_processes', 'Processes that answer, and that there are to be', ['state'])
  const replaced = own.counter('portolan_processes_replaced_total', 'Processes that ended by themselves', [])
  const last = new Map<number, Figures>()
  /** What those had counted that are gone. */
  let departed: Figures[] = []
  let reading: ReturnType<MetricsRegistry['text']> | undefined

  own.onScrape('processes', () => {
    wanted.set({ state: 'ready' }, family.ready().length)
    wanted.set({ state: 'wanted' }, count)
  })

  async function sum(figures: Figures[]): Promise<Figures> {
    return await client.AggregatorRegistry.aggregate(figures).getMetricsAsJSON()
  }

  async function read(): ReturnType<MetricsRegistry['text']> {
    await Promise.all(
      family.ready().map(async (child) => {
        const answer = await asking.ask(child, 'figures', PATIENCE_MILLISECONDS)
        if (answer?.value && family.ready().includes(child)) last.set(child.pid, answer.value)
      }),
    )
    const gone = [...departed]
    const ours = await own.values()
    const all = client.AggregatorRegistry.aggregate([...last.values(), ours, ...departed])
    if (gone.length > MOST_DEPARTED) departed = [await sum(gone), ...departed.slice(gone.length)]

    return { contentType: all.contentType, body: await all.metrics() }
  }

  return {
    metrics: {
      text() {
        // Those who ask at the same time get the same.
        reading ??= read().finally(() => {
          reading = undefined
        })
        return reading
      },
    },
    async health() {
      const children = family.ready()
      if (children.length < count) return `${children.length} of ${count} processes answer`
      const answers = await Promise.all(
        children.map((child) => asking.ask(child, 'health', PATIENCE_MILLISECONDS)),
      )
      const silent = answers.filter((answer) => answer === undefined).length
      if (silent > 0) return `${silent} of ${count} processes are silent`

      return answers.find((answer) => answer?.value !== undefined)?.value
    },
    lost({ pid }) {
      replaced.inc()
      const figures = last.get(pid)
      last.delete(pid)
      if (figures) departed.push(figures.filter(({ type }) => COUNTED.has(String(type))))
    },
  }
}
