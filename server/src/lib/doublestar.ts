/** Tells whether a name is the pattern's. */
export type Matcher = (name: string) => boolean

/** A pattern that is none: the message says why, in words for whoever wrote it. */
export class PatternError extends Error {}

const MOST_LENGTH = 1024
const MOST_ALTERNATIVES = 200
/** All alternatives together: names are matched where others wait. */
const MOST_STEPS = 2048

/** One step of a pattern. */
type Step =
  | { kind: 'one'; takes: (character: string) => boolean }
  /** Any characters, or none; `**` crosses slashes. */
  | { kind: 'many'; slashes: boolean }
  /** The next so many steps may be left out. */
  | { kind: 'optional'; steps: number }

/**
 * Reads a doublestar pattern, as Harbor has them: `*` any characters but `/`, `**` any at all, `?` one, `[a-z]` one of
 * these, `[^a-z]` none of these, `{a,b}` one of these, `\` takes the next character as it is. An empty pattern is
 * `**`. Matching takes time in proportion to the lengths of both, whatever the pattern. Throws PatternError.
 */
export function doublestar(pattern: string): Matcher {
  if (pattern.length > MOST_LENGTH) throw new PatternError(`a pattern has at most ${MOST_LENGTH} characters`)
  if (pattern === '' || pattern === '**') return () => true
  const alternatives = expandBraces(pattern).map(parse)
  if (alternatives.flat().length > MOST_STEPS) throw new PatternError(`too many alternatives: ${pattern}`)

  return (name) => alternatives.some((steps) => matches(steps, [...name]))
}

/** All positions of the pattern that the name may have led to so far, one character after the other. */
function matches(steps: readonly Step[], name: readonly string[]): boolean {
  let reached = new Uint8Array(steps.length + 1)
  let next = new Uint8Array(steps.length + 1)
  reached[0] = 1
  leaveOut(steps, reached)
  for (const character of name) {
    next.fill(0)
    let alive = false
    for (let at = 0; at < steps.length; at += 1) {
      if (reached[at] === 0) continue
      const step = steps[at]
      if (step?.kind === 'one' && step.takes(character)) next[at + 1] = 1
      else if (step?.kind === 'many' && (step.slashes || character !== '/')) next[at] = 1
      else continue
      alive = true
    }
    if (!alive) return false
    leaveOut(steps, next)
    const former = reached
    reached = next
    next = former
  }
  return reached[steps.length] === 1
}

/** Adds what is reached without a character: only positions further on. */
function leaveOut(steps: readonly Step[], reached: Uint8Array): void {
  for (let at = 0; at < steps.length; at += 1) {
    if (reached[at] === 0) continue
    const step = steps[at]
    if (step?.kind === 'many') reached[at + 1] = 1
    else if (step?.kind === 'optional') {
      reached[at + 1] = 1
      reached[at + 1 + step.steps] = 1
    }
  }
}

function parse(pattern: string): Step[] {
  const characters = [...pattern]
  const steps: Step[] = []
  let at = 0
  while (at < characters.length) {
    const rest = characters.slice(at)
    const read = readStep(rest, at === 0 || characters[at - 1] === '/', pattern)
    steps.push(...read.steps)
    at += read.length
  }
  return steps
}

function readStep(
  rest: readonly string[],
  begins: boolean,
  pattern: string,
): { steps: Step[]; length: number } {
  const [first = '', second, third] = rest
  switch (first) {
    case '*':
      // `a/**/b` is `a/b` too.
      if (second === '*' && third === '/' && begins) {
        return {
          steps: [{ kind: 'optional', steps: 2 }, { kind: 'many', slashes: true }, only('/')],
          length: 3,
        }
      }
      return { steps: [{ kind: 'many', slashes: second === '*' }], length: second === '*' ? 2 : 1 }
    case '?':
      return { steps: [{ kind: 'one', takes: (one) => one !== '/' }], length: 1 }
    case '[': {
      const end = rest.indexOf(']', 2)
      if (end < 0) throw new PatternError(`a bracket is not closed: ${pattern}`)
      return { steps: [{ kind: 'one', takes: readClass(rest.slice(1, end)) }], length: end + 1 }
    }
    case '\\':
      if (second === undefined) throw new PatternError(`nothing follows the last backslash: ${pattern}`)
      return { steps: [only(second)], length: 2 }
    default:
      return { steps: [only(first)], length: 1 }
  }
}

function only(character: string): Step {
  return { kind: 'one', takes: (one) => one === character }
}

function readClass(inner: readonly string[]): (character: string) => boolean {
  const negated = inner[0] === '^' || inner[0] === '!'
  const members = negated ? inner.slice(1) : inner
  const ranges: [string, string][] = []
  for (let at = 0; at < members.length; at += 1) {
    const low = members[at] ?? ''
    const high = members[at + 1] === '-' ? members[at + 2] : undefined
    ranges.push([low, high ?? low])
    if (high !== undefined) at += 2
  }

  return (one) => one !== '/' && ranges.some(([low, high]) => low <= one && one <= high) !== negated
}

/** `a{b,c{d,e}}` as `ab`, `acd`, `ace`. */
function expandBraces(pattern: string): string[] {
  const open = findPlain(pattern, 0, '{')
  if (open < 0) return [pattern]
  const cuts = [open]
  let depth = 0
  let close = -1
  for (let at = open; at < pattern.length && close < 0; at += 1) {
    const character = pattern[at]
    if (character === '\\') at += 1
    else if (character === '{') depth += 1
    else if (character === ',' && depth === 1) cuts.push(at)
    else if (character === '}') {
      depth -= 1
      if (depth === 0) close = at
    }
  }
  if (close < 0) throw new PatternError(`a brace is not closed: ${pattern}`)
  const [before, after] = [pattern.slice(0, open), pattern.slice(close + 1)]
  const expanded: string[] = []
  for (const [index, cut] of cuts.entries()) {
    const option = pattern.slice(cut + 1, cuts[index + 1] ?? close)
    expanded.push(...expandBraces(before + option + after))
    if (expanded.length > MOST_ALTERNATIVES) throw new PatternError(`too many alternatives: ${pattern}`)
  }
  return expanded
}

function findPlain(text: string, from: number, wanted: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === wanted) return at
  }
  return -1
}
