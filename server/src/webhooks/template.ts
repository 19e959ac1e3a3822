/** A template that cannot be used: the message says why. */
export class TemplateError extends Error {}

const PLACEHOLDER = /\{\{\{\s*([\w.]+)\s*\}\}\}|\{\{\s*([\w.]+)\s*\}\}/g
const LONGEST = 1_048_576

/**
 * Fills a JSON template: `{{a.b.0.c}}` stands for a text between quotes, escaped so that it stays there; `{{{a.b}}}` for a
 * whole JSON value. What is not there is an empty text, or null. Nothing is run, and the result is JSON, or TemplateError.
 */
export function fillTemplate(template: string, values: unknown): string {
  const filled = template.replace(PLACEHOLDER, (_, raw: string | undefined, plain: string | undefined) =>
    raw === undefined ? escaped(valueAt(values, plain ?? '')) : JSON.stringify(valueAt(values, raw) ?? null),
  )
  if (filled.length > LONGEST)
    throw new TemplateError(`the payload template makes more than ${LONGEST} characters`)
  try {
    JSON.parse(filled)
  } catch {
    throw new TemplateError('the payload template does not make JSON')
  }
  return filled
}

function valueAt(values: unknown, path: string): unknown {
  let value = values
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function escaped(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
  return JSON.stringify(text).slice(1, -1)
}
