import fc from 'fast-check'
import semver from 'semver'
import type { Selector } from './model.ts'

/**
 * For tests: selectors in any shape, and what they mean, told in the plainest way, by other engines than those of the program
 * where there is one.
 */

type Term = { [word: string]: string | Term | Term[] }

const tagUnit = fc.constantFrom('a', 'b', 'v', '1', '2', '0', '.', '-', '_')
const version = fc
  .tuple(fc.constantFrom('', 'v'), fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '-rc1', '+x'))
  .map(([v, major, minor, patch, end]) => `${v}${major}.${minor}.${patch}${end}`)

/** Names of tags, versions among them. */
export const anyTag = fc.oneof(fc.string({ unit: tagUnit, minLength: 1, maxLength: 5 }), version)

export const LABELS = ['keep', 'old', 'new'] as const

// Within each of them `source` is a part of a regular expression that means the same, in JavaScript too.
const globPart = fc.constantFrom(
  { glob: 'a', source: 'a' },
  { glob: 'v', source: 'v' },
  { glob: '1', source: '1' },
  { glob: '.', source: '\\.' },
  { glob: '-', source: '-' },
  { glob: '*', source: '[^/]*' },
  { glob: '?', source: '[^/]' },
  { glob: '[a-v]', source: '[a-v]' },
  { glob: '[^0-9]', source: '[^/0-9]' },
  { glob: '{a,v1,}', source: '(?:a|v1|)' },
  { glob: '\\*', source: '\\*' },
)
const regexPart = fc.constantFrom(
  'a',
  'v',
  '1',
  '\\.',
  '-',
  '.',
  '\\d',
  '[ab]',
  '[^v]',
  '(?:a|1)',
  '(b|v?)',
  'a?',
  '\\d+',
  '.*',
  '1{1,2}',
)
const RANGES = ['>=1.0.0', '<2', '1.x', '~1.2.0', '^0.2.0 || 3.1.x', '1.0.0 - 2.1.0', '*', '>=2.0.0-rc1']

const doublestar = fc.array(globPart, { minLength: 1, maxLength: 4 }).map(
  (parts): Term => ({
    doublestar: parts.map(({ glob }) => glob).join(''),
  }),
)
const regex = fc
  .array(regexPart, { minLength: 1, maxLength: 4 })
  .map((parts): Term => ({ regex: parts.join('') }))
const range = fc.constantFrom(...RANGES).map((text): Term => ({ semver: text }))
const label = fc.constantFrom(...LABELS, 'nobody').map((text): Term => ({ label: text }))

const { term } = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    doublestar,
    regex,
    range,
    label,
    fc.array(tie('term'), { minLength: 1, maxLength: 3 }).map((terms) => ({ and: terms })),
    fc.array(tie('term'), { minLength: 1, maxLength: 3 }).map((terms) => ({ or: terms })),
    tie('term').map((one) => ({ not: one })),
  ),
}))

const extras = fc.constantFrom(undefined, '{}', '{"untagged":true}', '{"untagged":false}')

/** Selectors of tags of each kind, with and without what they say of artifacts that have none. */
export const anyTagSelector: fc.Arbitrary<Selector> = fc
  .tuple(
    fc.oneof(
      doublestar,
      regex,
      range,
      term.map((one): Term => ({ expression: JSON.stringify(one) })),
    ),
    fc.constantFrom('matches', 'excludes'),
    extras,
  )
  .map(([one, decoration, more]) => {
    const [kind = '', pattern] = Object.entries(one)[0] ?? []
    return { kind, decoration, pattern: String(pattern), ...(more === undefined ? {} : { extras: more }) }
  })

/** Whether the selector means the tag of an artifact that has these labels. */
export function meansTag(
  { kind, decoration, pattern }: Selector,
  tag: string,
  labels: readonly string[],
): boolean {
  const fits =
    kind === 'expression'
      ? fitsTerm(JSON.parse(pattern), tag, labels)
      : fitsTerm({ [kind]: pattern }, tag, labels)
  return decoration === 'matches' ? fits : !fits
}

/** Whether the selector means an artifact. */
export function meansArtifact(
  selector: Selector,
  { tags, labels }: { tags: readonly string[]; labels: readonly string[] },
): boolean {
  if (tags.length > 0) return tags.filter((tag) => meansTag(selector, tag, labels)).length > 0
  const said = /"untagged":(true|false)/.exec(selector.extras ?? '')?.[1]
  return said === undefined ? selector.decoration === 'matches' : said === 'true'
}

function fitsTerm(one: Term, tag: string, labels: readonly string[]): boolean {
  const [[word, operand] = ['', '']] = Object.entries(one)
  switch (word) {
    case 'and':
      return !(operand as Term[]).some((part) => !fitsTerm(part, tag, labels))
    case 'or':
      return (operand as Term[]).filter((part) => fitsTerm(part, tag, labels)).length > 0
    case 'not':
      return !fitsTerm(operand as Term, tag, labels)
    case 'label':
      return labels.includes(String(operand))
    case 'regex':
      return new RegExp(`^(?:${String(operand)})$`).test(tag)
    case 'semver':
      return semver.valid(tag) !== null && semver.satisfies(tag, String(operand))
    default:
      return fitsGlob(String(operand), tag)
  }
}

/** Character by character, trying everything. */
function fitsGlob(glob: string, text: string): boolean {
  if (glob === '') return text === ''
  const braces = /^\{([^}]*)\}/.exec(glob)
  if (braces) {
    const rest = glob.slice(braces[0].length)
    return (braces[1] ?? '').split(',').some((one) => fitsGlob(one + rest, text))
  }
  const set = /^\[(\^?)(.)-(.)\]/.exec(glob)
  const [first = ''] = text
  if (set) {
    const inside = first >= (set[2] ?? '') && first <= (set[3] ?? '')
    return first !== '' && inside !== (set[1] === '^') && fitsGlob(glob.slice(set[0].length), text.slice(1))
  }
  if (glob[0] === '*') return fitsGlob(glob.slice(1), text) || (text !== '' && fitsGlob(glob, text.slice(1)))
  if (glob[0] === '?') return text !== '' && fitsGlob(glob.slice(1), text.slice(1))
  const escaped = glob[0] === '\\'
  return (
    text !== '' &&
    (escaped ? glob[1] : glob[0]) === first &&
    fitsGlob(glob.slice(escaped ? 2 : 1), text.slice(1))
  )
}
