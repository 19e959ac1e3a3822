/**
 * Patterns over names with slashes, as Harbor's selectors mean them: `*` any characters but a slash, `?` one of them,
 * `[a-c]` and `[^a-c]` one of these or of all others, `{a,b}` one of these, `\` takes the next character as it is, and a
 * whole component `**` any number of components. Besides, alternatives may stand side by side: `v*, release-*`.
 *
 * Patterns become the regular expressions of a linear engine, so that no pattern takes long.
 */

/** Thrown for a pattern that cannot be read. */
export class PatternError extends Error {
  constructor(pattern: string, reason: string) {
    super(`invalid pattern ${JSON.stringify(pattern)}: ${reason}`)
    this.name = 'PatternError'
  }
}

export const MAX_PATTERN_LENGTH = 1024
/** Braces within one another and side by side multiply; nobody writes so many by hand. */
const MAX_ALTERNATIVES = 256
/** Of all alternatives together: names are tested while others wait. */
const MAX_EXPANDED_LENGTH = 4096

/**
 * The source of a regular expression that the whole name must match.
 *
 * @throws {PatternError}
 */
export function doublestarSource(pattern: string): string {
  // As in Harbor: no pattern, any name.
  if (pattern === '') return '(?s:.*)'
  const alternatives = alternativesOf(pattern)
  return `(?:${alternatives.map((alternative) => pathSource(alternative, pattern)).join('|')})`
}

/**
 * What a pattern is put together from: patterns without braces, one of which a name must match.
 *
 * @throws {PatternError}
 */
export function alternativesOf(pattern: string): string[] {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new PatternError(pattern.slice(0, 40), 'it is too long')
  const alternatives = splitAtTop(pattern, ',')
    .map((alternative) => alternative.trim())
    .filter((alternative) => alternative !== '')
    .flatMap((alternative) => expandBraces(alternative, pattern))
  if (alternatives.length === 0) throw new PatternError(pattern, 'it names nothing')
  if (alternatives.join('').length > MAX_EXPANDED_LENGTH) {
    throw new PatternError(pattern, 'its alternatives are too long together')
  }
  return alternatives
}

/** `a{b,c}d` is `abd` and `acd`. */
function expandBraces(text: string, pattern: string): string[] {
  const open = indexOutsideClass(text, '{')
  if (open < 0) return [text]
  const close = closing(text, open)
  if (close < 0) throw new PatternError(pattern, 'a brace is not closed')

  const [before, after] = [text.slice(0, open), text.slice(close + 1)]
  const all: string[] = []
  for (const option of splitAtTop(text.slice(open + 1, close), ',')) {
    all.push(...expandBraces(before + option + after, pattern))
    if (all.length > MAX_ALTERNATIVES) throw new PatternError(pattern, 'it has too many alternatives')
  }
  return all
}

function pathSource(path: string, pattern: string): string {
  const components = splitAtTop(path, '/')
  let source = ''
  let separator = ''
  for (const [index, component] of components.entries()) {
    const isLast = index === components.length - 1
    if (component !== '**') {
      source += separator + componentSource(component, pattern)
      separator = '/'
    } else if (isLast) {
      // At the end it stands for one component at least, as in Harbor: `a/**` is not `a`.
      source += `${separator}(?s:.*)`
    } else {
      source += `${separator}(?:[^/]*/)*`
      separator = ''
    }
  }
  return source
}

function componentSource(component: string, pattern: string): string {
  let source = ''
  const characters = [...component]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === '*') {
      if (!source.endsWith('[^/]*')) source += '[^/]*'
    } else if (character === '?') source += '[^/]'
    else if (character === '[') {
      const [text, end] = readClass(characters, i, pattern)
      source += text
      i = end
    } else if (character === '\\') {
      i++
      if (i >= characters.length) throw new PatternError(pattern, 'nothing follows the backslash')
      source += literal(characters[i] as string)
    } else source += literal(character)
  }
  return source
}

/** The class that begins at `start`, and where it ends. */
function readClass(characters: readonly string[], start: number, pattern: string): [string, number] {
  let i = start + 1
  const negated = characters[i] === '^'
  if (negated) i++
  const bound = (): string => {
    if (characters[i] === '\\') i++
    const character = characters[i]
    if (character === undefined) throw new PatternError(pattern, 'a bracket is not closed')
    i++
    return character
  }
  let inner = ''
  while (characters[i] !== ']') {
    if (characters[i] === '-') throw new PatternError(pattern, 'a range begins with nothing')
    const low = bound()
    let high = low
    if (characters[i] === '-') {
      i++
      if (characters[i] === ']' || characters[i] === '-') {
        throw new PatternError(pattern, 'a range ends with nothing')
      }
      high = bound()
    }
    // A range that runs backwards holds nothing.
    if ((low.codePointAt(0) ?? 0) <= (high.codePointAt(0) ?? 0)) inner += `${hex(low)}-${hex(high)}`
  }
  if (i === start + 1 + (negated ? 1 : 0)) throw new PatternError(pattern, 'a class is empty')
  if (inner === '') return [negated ? '[^/]' : '[^\\x{0}-\\x{10FFFF}]', i]
  return [negated ? `[^/${inner}]` : `[${inner}]`, i]
}

function hex(character: string): string {
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

function literal(character: string): string {
  return /[A-Za-z0-9_/]/.test(character) ? character : hex(character)
}

/** Splits where the separator is neither escaped nor within braces or a class. */
function splitAtTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let from = 0
  for (const index of topLevel(text)) {
    if (text[index] === separator) {
      parts.push(text.slice(from, index))
      from = index + 1
    }
  }
  return [...parts, text.slice(from)]
}

function indexOutsideClass(text: string, character: string): number {
  for (const index of topLevel(text)) if (text[index] === character) return index
  return -1
}

/** The brace that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let i = open; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') i++
    else if (character === '[') i = Math.max(i, classEnd(text, i))
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return i
  }
  return -1
}

/** Indexes of characters that stand outside of braces and classes, opening braces included. */
function* topLevel(text: string): Generator<number> {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '\\') i++
    else if (character === '[') i = Math.max(i, classEnd(text, i))
    else if (character === '}' && depth > 0) depth--
    else {
      if (depth === 0) yield i
      if (character === '{') depth++
    }
  }
}

function classEnd(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === ']') return i
  }
  return -1
}
