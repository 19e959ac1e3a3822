import type { AroundRun } from '../../jobs/run-task.ts'
import { within } from '../../platform/tracing/current.ts'
import { parseTraceparent } from '../../platform/tracing/traceparent.ts'
import type { Tracing } from '../../platform/tracing/tracing.ts'
import type { Observe } from '../../storage/guarded-driver.ts'
import type { AroundAttempt } from '../../webhooks/worker.ts'

/** Tells of the operations of the blob store, without keys. */
export function storageTracer(tracing: Tracing, driver: string): Observe {
  return (operation, seconds, bytes, failed) =>
    tracing.leaf({
      name: `storage ${operation}`,
      seconds,
      failed,
      attributes: { 'portolan.storage.driver': driver, 'portolan.storage.bytes': bytes },
    })
}

/** Makes each run of a task a span, in the trace of what ordered it. */
export function runTracer(tracing: Tracing): AroundRun {
  return async (task, run) => {
    const span = tracing.start(`job ${task.kind}`, {
      kind: 'consumer',
      parent: parseTraceparent(task.traceparent),
      attributes: {
        'portolan.task.id': task.id,
        'portolan.task.run': task.run,
        'portolan.execution.id': task.executionId,
      },
    })
    // Anything but an end that was written is none.
    let status: string | undefined
    try {
      status = await within(span, run)
    } finally {
      span.set({ 'portolan.task.status': status })
      span.end(status === undefined || status === 'Error')
    }
  }
}

/**
 * Makes each attempt of a webhook's delivery a trace of its own, which is linked to what caused it: that has been over for
 * days, perhaps.
 */
export function deliveryTracer(tracing: Tracing): AroundAttempt {
  return async ({ id, eventType, attempts, traceparent }, call) => {
    const span = tracing.start(`webhook ${eventType}`, {
      kind: 'consumer',
      parent: undefined,
      link: parseTraceparent(traceparent),
      attributes: { 'portolan.delivery.id': id, 'portolan.delivery.attempt': attempts + 1 },
    })
    let outcome: string | undefined
    try {
      const attempt = await within(span, call)
      outcome = attempt.kind
      return attempt
    } finally {
      span.set({ 'portolan.delivery.outcome': outcome })
      span.end(outcome !== 'arrived')
    }
  }
}
