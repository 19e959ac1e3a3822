import { alternativesOf } from './doublestar.ts'
import type { Selector } from './model.ts'
import { ANY, likenessesOfRegex, literal } from './regex-likeness.ts'

/** A version has three numbers at least. */
const VERSION = '%_._%._%'

/**
 * Patterns of SQL's LIKE, one of which every tag is like that the selector means: they leave out most of what it does not
 * mean, so that only few have to be read and looked at.
 *
 * @throws {PatternError}
 */
export function likenessesOf({ kind, decoration, pattern }: Selector): string[] {
  return decoration === 'matches' ? likenessesOfPattern(kind, pattern) : [ANY]
}

function likenessesOfPattern(kind: string, pattern: string): string[] {
  switch (kind) {
    case 'doublestar':
      return pattern === '' ? [ANY] : alternativesOf(pattern).map(likenessOf)
    case 'regex':
      return likenessesOfRegex(pattern)
    case 'semver':
      return [VERSION]
    case 'expression':
      return likenessesOfTerm(JSON.parse(pattern))
    default:
      return [ANY]
  }
}

/** Of a term that has been read before, and is one. */
function likenessesOfTerm(term: Record<string, unknown>): string[] {
  const [[word, operand] = ['', '']] = Object.entries(term)
  switch (word) {
    case 'or':
      return (operand as Record<string, unknown>[]).flatMap(likenessesOfTerm)
    case 'and':
      // What fits all of them fits the one that says most.
      return (operand as Record<string, unknown>[])
        .map(likenessesOfTerm)
        .reduce((one, other) => (wordiness(other) > wordiness(one) ? other : one))
    case 'doublestar':
    case 'regex':
    case 'semver':
      return likenessesOfPattern(word, String(operand))
    default:
      return [ANY]
  }
}

/** Characters that every name must have, at least. */
function wordiness(likenesses: readonly string[]): number {
  return Math.min(...likenesses.map((like) => like.replaceAll('%', '').length))
}

function likenessOf(alternative: string): string {
  // Tags have no slashes; what may stand for none of them is not worth a rule.
  if (alternative.includes('/')) return ANY
  let like = ''
  const characters = [...alternative]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string
    if (character === '*') like += like.endsWith(ANY) ? '' : ANY
    else if (character === '?') like += '_'
    else if (character === '[') {
      like += '_'
      while (++i < characters.length && characters[i] !== ']') if (characters[i] === '\\') i++
    } else like += literal(character === '\\' ? (characters[++i] ?? '') : character)
  }
  return like
}
