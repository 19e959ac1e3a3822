import { AsyncLocalStorage } from 'node:async_hooks'

/** The span within which something is done. */
export interface CurrentSpan {
  /** 32 and 16 hex digits. */
  readonly traceId: string
  readonly spanId: string
  /** Whether it is recorded. */
  readonly sampled: boolean
  /** Until the span ends: what goes on behind it (a timer, a loop that somebody woke) belongs to it no more. */
  readonly open: boolean
}

// The one thing that is known everywhere without being passed on: it belongs to a chain of calls, not to the module, and costs
// nothing where nobody ever runs anything within a span.
const spans = new AsyncLocalStorage<CurrentSpan | undefined>()

/** Does something within a span: what it calls and awaits is within it too. */
export function within<T>(span: CurrentSpan, work: () => T): T {
  return spans.run(span, work)
}

/** The span that is open around the caller. */
export function currentSpan(): CurrentSpan | undefined {
  const span = spans.getStore()
  return span?.open ? span : undefined
}

/** What log lines carry, to be found by it. */
export function logIds(): { trace_id?: string; span_id?: string } {
  const span = currentSpan()
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
}
