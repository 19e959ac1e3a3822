import { RE2JS } from 're2js'
import semver from 'semver'
import { doublestarSource, MAX_PATTERN_LENGTH, PatternError } from './doublestar.ts'
import { compileExpression } from './expression.ts'
import type { NameTest } from './model.ts'

/**
 * The test that a pattern of a kind means.
 *
 * @throws {PatternError}
 */
export function compilePattern(kind: string, pattern: string): NameTest {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new PatternError(pattern.slice(0, 40), 'it is too long')
  switch (kind) {
    case 'doublestar':
      return wholly(doublestarSource(pattern), pattern)
    case 'regex':
      return wholly(`(?:${pattern})`, pattern)
    case 'semver':
      return withinRange(pattern)
    case 'expression':
      return compileExpression(pattern, compilePattern)
    default:
      throw new PatternError(pattern, `there are no selectors of the kind ${JSON.stringify(kind)}`)
  }
}

/** The linear engine: time grows with the name, whatever the pattern. */
function wholly(source: string, pattern: string): NameTest {
  try {
    const compiled = RE2JS.compile(source)
    return (name) => compiled.matches(name)
  } catch (error) {
    throw new PatternError(pattern, error instanceof Error ? error.message : 'it cannot be read')
  }
}

/** How every version begins; a name that does not costs the parser an error with its stack, thirty times as much. */
const LOOKS_LIKE_ONE = /^\s*v?\d+\.\d+\.\d/

/** Versions may begin with a `v`; a tag that is no version fits no range. */
function withinRange(pattern: string): NameTest {
  if (semver.validRange(pattern) === null) throw new PatternError(pattern, 'it is no range of versions')
  const range = new semver.Range(pattern)
  return (name) => {
    if (!LOOKS_LIKE_ONE.test(name)) return false
    const version = semver.parse(name)
    return version !== null && range.test(version)
  }
}
