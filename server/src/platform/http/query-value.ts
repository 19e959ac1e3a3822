import type { Value } from '../db/list.ts'
import { DomainError } from '../errors.ts'

export type FieldType = 'string' | 'integer' | 'boolean' | 'time'

/** One value of a `q=` condition in the type of its field. Throws bad-request where it is none. */
export function parseValue(key: string, text: string, type: FieldType): Value {
  const bare = unquote(text)
  switch (type) {
    case 'string':
      return bare
    case 'integer': {
      const number = Number(bare)
      if (/^[+-]?\d+$/.test(bare) && Number.isSafeInteger(number)) return number
      break
    }
    case 'boolean':
      if (/^(true|1)$/i.test(bare)) return true
      if (/^(false|0)$/i.test(bare)) return false
      break
    case 'time': {
      const time = new Date(/[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(bare) ? `${bare}Z` : bare)
      if (/^\d{4}-\d\d-\d\d/.test(bare) && !Number.isNaN(time.getTime())) return time
      break
    }
  }
  throw new DomainError(
    'bad-request',
    `the value of "${key}" must be ${type === 'integer' ? 'an' : 'a'} ${type}`,
  )
}

/** Splits at `separator` wherever it stands outside quotes and brackets. */
export function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  let quote = ''
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (quote !== '') {
      if (char === quote) quote = ''
    } else if ((char === '"' || char === "'") && text.indexOf(char, at + 1) > 0) {
      quote = char
    } else if ('[{('.includes(char)) {
      depth += 1
    } else if (']})'.includes(char)) {
      depth = Math.max(depth - 1, 0)
    } else if (char === separator && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unquote(text: string): string {
  const first = text.at(0)
  const quoted = text.length >= 2 && (first === '"' || first === "'") && text.at(-1) === first
  return quoted ? text.slice(1, -1) : text
}
