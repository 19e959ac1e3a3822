import { isObject } from './objects.ts'
import type { Attributes } from './processor.ts'

// A page of a hundred artifacts carries a hundred of these.
const MAX_BYTES = 256 * 1024
// Deeper JSON is nobody's config, and every reader of it would have to climb down.
const MAX_DEPTH = 32

/**
 * Attributes as the database can keep them: PostgreSQL's JSON has no NUL and no half of a surrogate pair, and
 * lists should stay light. Undefined where they are too deep or too large.
 */
export function storable(attributes: Attributes): Attributes | undefined {
  if (!isShallow(attributes, MAX_DEPTH)) return undefined
  const text = JSON.stringify(attributes, (_name, value: unknown) => clean(value))

  return Buffer.byteLength(text) > MAX_BYTES ? undefined : (JSON.parse(text) as Attributes)
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true

  return depth > 0 && Object.values(value).every((entry) => isShallow(entry, depth - 1))
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (!isObject(value) || Object.keys(value).every((name) => cleanText(name) === name)) return value

  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [cleanText(name), entry]))
}

function cleanText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}
