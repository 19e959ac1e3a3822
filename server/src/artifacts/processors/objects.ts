/** A JSON object, whatever is in it. */
export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `value` as an object; an empty one where it is something else. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

/** `value` as text; empty where it is something else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
