import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'
import { currentSpan } from './current.ts'
import type { RemoteSpan } from './traceparent.ts'
import type { Leaf, Span, SpanStart, Tracing } from './tracing.ts'

export interface OtlpOptions {
  /** Where traces are sent to, in full. */
  url: string
  /** Which part of the traces that begin here is recorded, from 0 to 1. */
  ratio: number
  version: string
  log: Logger
}

/** Spans that wait; of more the newest are dropped. */
const MOST_WAITING = 4096
const BATCH = 512
const BATCH_MILLISECONDS = 1000
const EXPORT_MILLISECONDS = 5000
const LAST_MILLISECONDS = 3000
const LONGEST_VALUE = 2000
/** Leaves of one span: a long job must not push everything else out. */
const MOST_LEAVES = 1000

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const

/** Sends spans by OTLP over HTTP. Only read where tracing is on: nothing else here imports OpenTelemetry. */
export function openTracing({ url, ratio, version, log }: OtlpOptions): Tracing {
  const provider = new TracerProvider({
    // What the environment says (OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME) goes before what we say.
    resource: resourceFromAttributes({ 'service.name': 'portolan', 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    // Who calls decides for his trace, as everywhere; the ratio is for those that begin here.
    sampler: new ParentBasedSampler({ root: linkBased(new TraceIdRatioBasedSampler(ratio)) }),
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE, attributeCountLimit: 32 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: telling(
          new OTLPTraceExporter({
            url,
            timeoutMillis: EXPORT_MILLISECONDS,
            concurrencyLimit: MOST_WAITING / BATCH,
          }),
          log,
        ),
        maxQueueSize: MOST_WAITING,
        maxExportBatchSize: BATCH,
        scheduledDelayMillis: BATCH_MILLISECONDS,
        exportTimeoutMillis: EXPORT_MILLISECONDS,
      }),
    ],
  })
  const tracer = provider.getTracer('portolan', version)
  const leaves = new WeakMap<object, number>()

  function start(name: string, { kind, parent, link, attributes = {} }: SpanStart): Span {
    const links = link ? [{ context: spanContextOf(link) }] : []
    const options = { kind: KINDS[kind], attributes, links, startTime: now() }
    const span = tracer.startSpan(name, options, contextOf(parent))
    const { traceId, spanId, traceFlags } = span.spanContext()
    let open = true

    return {
      traceId,
      spanId,
      sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
      get open() {
        return open
      },
      rename: (text) => span.updateName(text),
      set: (more) => void span.setAttributes(more),
      end(failed = false) {
        if (!open) return
        open = false
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end(now())
      },
    }
  }

  return {
    start,
    leaf({ name, seconds, failed, attributes }: Leaf) {
      const parent = currentSpan()
      if (!parent?.sampled) return
      const before = leaves.get(parent) ?? 0
      leaves.set(parent, before + 1)
      if (before >= MOST_LEAVES) return
      const end = now()
      const options = { kind: SpanKind.CLIENT, attributes, startTime: end - seconds * 1000 }
      const span = tracer.startSpan(name, options, contextOf(parent))
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end(end)
    },
    async close() {
      await Promise.race([provider.shutdown().catch(() => undefined), sleep(LAST_MILLISECONDS)])
    },
  }
}

function contextOf(parent: RemoteSpan | undefined): Context {
  return parent ? trace.setSpanContext(ROOT_CONTEXT, spanContextOf(parent)) : ROOT_CONTEXT
}

function spanContextOf({ traceId, spanId, sampled }: RemoteSpan): SpanContext {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true }
}

/** What was caused by something is recorded as that is; everything else as the other sampler says. */
function linkBased(other: Sampler): Sampler {
  return {
    shouldSample(context, traceId, name, kind, attributes, links) {
      const [link] = links
      if (!link) return other.shouldSample(context, traceId, name, kind, attributes, links)
      const sampled = (link.context.traceFlags & TraceFlags.SAMPLED) !== 0
      return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }
    },
    toString: () => `LinkBased{${other}}`,
  }
}

/** One clock for all: the library's own are not exactly the same for starts and ends. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Says once that the collector does not take anything, and once that it does again. */
function telling(exporter: SpanExporter, log: Logger): SpanExporter {
  let failing = false

  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0
        if (failed && !failing) log.warn({ err: result.error }, 'traces cannot be sent, and are dropped')
        if (!failed && failing) log.info('traces can be sent again')
        failing = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  }
}
