import { alternativesOf } from './doublestar.ts'
import type { Selector } from './model.ts'

/** What any name is like. */
const ANY = '%'

/**
 * Patterns of SQL's LIKE, one of which every tag is like that the selector means: they leave out most of what it does not
 * mean, so that only few have to be read and looked at.
 *
 * @throws {PatternError}
 */
export function likenessesOf({ kind, decoration, pattern }: Selector): string[] {
  if (kind !== 'doublestar' || decoration !== 'matches' || pattern === '') return [ANY]
  return alternativesOf(pattern).map(likenessOf)
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

function literal(character: string): string {
  return /[%_\\]/.test(character) ? `\\${character}` : character
}
