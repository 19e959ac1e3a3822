import type { CurrentSpan } from './current.ts'
import type { RemoteSpan } from './traceparent.ts'

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export interface SpanStart {
  kind: 'server' | 'client' | 'consumer'
  /** Undefined: a trace of its own begins. */
  parent: RemoteSpan | undefined
  /** What has caused it without waiting for it. A trace that begins with such a span is recorded if that is. */
  link?: RemoteSpan | undefined
  attributes?: Attributes
}

/** A span that was begun. It must be ended. */
export interface Span extends CurrentSpan {
  rename(name: string): void
  set(attributes: Attributes): void
  /** Ends it, once. `failed`: what was to be done was not. */
  end(failed?: boolean): void
}

/** Something short that is over, and had nothing within it. */
export interface Leaf {
  name: string
  seconds: number
  failed: boolean
  attributes: Attributes
}

/**
 * Tells a collector what is done, and how long that takes. Attributes never carry what is secret or what somebody typed in:
 * no headers, queries, values of statements, nor addresses with their paths. Nobody waits for the collector.
 */
export interface Tracing {
  start(name: string, start: SpanStart): Span
  /** Tells of it within the span around the caller, if there is one that is recorded. */
  leaf(leaf: Leaf): void
  /** Sends what still waits; the collector has seconds for it. */
  close(): Promise<void>
}
