import { type CurrentSpan, currentSpan } from './current.ts'

/** A span of somebody else: another process, or the past. */
export type RemoteSpan = Pick<CurrentSpan, 'traceId' | 'spanId' | 'sampled'>

// W3C Trace Context, "traceparent Header": later versions may append, version ff is none.
const PATTERN = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
const SAMPLED = 1

/** The span that a `traceparent` names; undefined for what is none. */
export function parseTraceparent(text: unknown): RemoteSpan | undefined {
  if (typeof text !== 'string' || text.length > 512) return undefined
  const [, traceId, spanId, flags] = PATTERN.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  // Version 00 has nothing behind the flags.
  if (text.startsWith('00') && text.length !== 55) return undefined

  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

export function formatTraceparent({ traceId, spanId, sampled }: RemoteSpan): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** The `traceparent` of the span around the caller, for headers and rows; undefined where there is none. */
export function currentTraceparent(): string | undefined {
  const span = currentSpan()
  return span && formatTraceparent(span)
}
