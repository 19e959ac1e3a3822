import { PatternError } from './doublestar.ts'
import type { NameTest } from './model.ts'

/** More is a mistake, and would cost each push. */
const MAX_TERMS = 64

type Compile = (kind: string, pattern: string) => NameTest

/**
 * Selectors put together. The pattern is JSON: `{"or": [{"semver": ">=1.0.0"}, {"and": [{"doublestar": "release-*"},
 * {"not": {"regex": ".*-rc\\d+"}}, {"label": "keep"}]}]}`.
 *
 * @throws {PatternError}
 */
export function compileExpression(pattern: string, compile: Compile): NameTest {
  let terms = 0

  const read = (value: unknown): NameTest => {
    if (++terms > MAX_TERMS) throw new PatternError(pattern, `it has more than ${MAX_TERMS} terms`)
    const entries = isObject(value) ? Object.entries(value) : []
    const [entry] = entries
    if (!entry || entries.length !== 1) throw new PatternError(pattern, 'each term is an object with one key')
    const [word, operand] = entry
    switch (word) {
      case 'and': {
        const tests = list(operand).map(read)
        return (name, labels) => tests.every((test) => test(name, labels))
      }
      case 'or': {
        const tests = list(operand).map(read)
        return (name, labels) => tests.some((test) => test(name, labels))
      }
      case 'not': {
        const test = read(operand)
        return (name, labels) => !test(name, labels)
      }
      case 'label': {
        const label = text(operand)
        return (_, labels) => labels.includes(label)
      }
      case 'doublestar':
      case 'regex':
      case 'semver':
        return compile(word, text(operand))
      default:
        throw new PatternError(pattern, `${JSON.stringify(word)} is no word of an expression`)
    }
  }

  const list = (value: unknown): unknown[] => {
    if (!Array.isArray(value) || value.length === 0)
      throw new PatternError(pattern, 'a list of terms is missing')
    return value
  }
  const text = (value: unknown): string => {
    if (typeof value !== 'string') throw new PatternError(pattern, 'a text is missing')
    return value
  }

  return read(parse(pattern))
}

function parse(pattern: string): unknown {
  try {
    return JSON.parse(pattern)
  } catch {
    throw new PatternError(pattern, 'it is no JSON')
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
