/** What any name is like. */
export const ANY = '%'

const MOST_ALTERNATIVES = 16
/** Each costs the database another look along every name. */
const MOST_GAPS = 8

/**
 * Patterns of SQL's LIKE, one of which every name is like that the regular expression matches wholly: its characters where it
 * has some, `_` for one of a class, `%` for whatever may be repeated or left out. It reads the usual part of the syntax; what it
 * does not know may match anything.
 */
export function likenessesOfRegex(source: string): string[] {
  try {
    const reader = new Reader(source)
    const found = reader.alternatives()
    if (!reader.atEnd()) return [ANY]
    const bounded = [...new Set(found.map(boundGaps))]
    return bounded.includes(ANY) ? [ANY] : bounded
  } catch (error) {
    if (error instanceof Unknown) return [ANY]
    throw error
  }
}

/** A character as LIKE takes it. */
export function literal(character: string): string {
  return /[%_\\]/.test(character) ? `\\${character}` : character
}

class Unknown extends Error {}

class Reader {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  atEnd(): boolean {
    return this.#at === this.#source.length
  }

  /** Up to the parenthesis that closes, or the end. */
  alternatives(): string[] {
    const all = this.#sequence()
    while (this.#take('|')) all.push(...this.#sequence())
    if (all.length > MOST_ALTERNATIVES) throw new Unknown()
    return all
  }

  #sequence(): string[] {
    let found = ['']
    while (!this.atEnd() && !this.#sees('|') && !this.#sees(')')) {
      const next = this.#repeated(this.#atom())
      found = found.flatMap((before) => next.map((after) => before + after))
      if (found.length > MOST_ALTERNATIVES) throw new Unknown()
    }
    return found
  }

  #repeated(atom: string[]): string[] {
    let found = atom
    for (;;) {
      const [text, least] = /^(?:[*?]|\{0+(?:,\d*)?\})/.exec(this.#rest()) ? ['%', 0] : ['', 1]
      const size = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(this.#rest())?.[0].length
      if (size === undefined) return found
      this.#at += size
      found = least === 0 ? [text] : found.map((one) => `${one}%`)
    }
  }

  #atom(): string[] {
    const character = this.#next()
    switch (character) {
      case '.':
        return ['_']
      case '^':
      case '$':
        return ['']
      case '[':
        return this.#class()
      case '(':
        return this.#group()
      case '\\':
        return this.#escaped()
      case '*':
      case '+':
      case '?':
        throw new Unknown()
      default:
        return [literal(character)]
    }
  }

  #group(): string[] {
    const opening = /^\?(?::|P?<\w+>)/.exec(this.#rest())?.[0]
    // Flags change what is meant by everything that follows.
    if (opening === undefined && this.#sees('?')) throw new Unknown()
    this.#at += opening?.length ?? 0
    const found = this.alternatives()
    if (!this.#take(')')) throw new Unknown()
    return found
  }

  #class(): string[] {
    this.#take('^')
    // A bracket that comes first is one of the class.
    for (let first = true; first || !this.#take(']'); first = false) {
      if (this.#rest().startsWith('[:')) this.#at += Math.max(this.#rest().indexOf(':]'), 0) + 2
      else if (this.#next() === '\\') this.#next()
    }
    return ['_']
  }

  #escaped(): string[] {
    const character = this.#next()
    if (/[dDwWsSafnrtv]/.test(character)) return ['_']
    if (/[bBAz]/.test(character)) return ['']
    // Of letters and digits only these are known; \p and \x have more behind them.
    if (/[A-Za-z0-9]/.test(character)) throw new Unknown()
    return [literal(character)]
  }

  #rest(): string {
    return this.#source.slice(this.#at)
  }

  #sees(character: string): boolean {
    return this.#source[this.#at] === character
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false
    this.#at += 1
    return true
  }

  #next(): string {
    const point = this.#source.codePointAt(this.#at)
    if (point === undefined) throw new Unknown()
    const character = String.fromCodePoint(point)
    this.#at += character.length
    return character
  }
}

/** The same with fewer gaps, and like more. */
function boundGaps(like: string): string {
  const parts = (like.match(/(?:\\.|[^%\\])+|%+/gsu) ?? []).map((part) => (part.startsWith('%') ? ANY : part))
  let gaps = 0
  const last = parts.findIndex((part) => part === ANY && ++gaps === MOST_GAPS)

  return parts.slice(0, last < 0 ? parts.length : last + 1).join('')
}
