import type { ImmutableTest } from '../artifacts/immutable.ts'
import { DomainError } from '../platform/errors.ts'
import { PatternError } from '../selectors/doublestar.ts'
import { likenessesOf } from '../selectors/likeness.ts'
import type { Selector } from '../selectors/model.ts'
import { compilePattern } from '../selectors/pattern.ts'
import { compileRepositorySelector, compileTagSelector } from '../selectors/select.ts'

/** A rule that is ready to be asked. */
export type RuleTest = ImmutableTest & Required<Pick<ImmutableTest, 'likenesses'>>

/** What is stored of a rule, as Harbor's clients send it. */
export interface RuleContent {
  action?: string
  template?: string
  priority?: number
  tagSelectors?: Selector[]
  scopeSelectors?: Record<string, Selector[]>
}

export interface ImmutableRule {
  id: number
  disabled: boolean
  content: RuleContent
}

/** Each of them costs those who push. */
export const MOST_RULES = 100

/** Tags by which clients attach signatures and the like to an artifact: the next signature replaces what they name. */
const ATTACHING_TAG = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.\w+)?$/

/** Throws bad-request where a pattern cannot be read: such a rule would protect nothing, and nobody would hear of it. */
export function checkRule(content: RuleContent): void {
  const selectors = [...Object.values(content.scopeSelectors ?? {}).flat(), ...(content.tagSelectors ?? [])]
  try {
    for (const { kind, pattern } of selectors) compilePattern(kind, pattern)
  } catch (error) {
    if (error instanceof PatternError) throw new DomainError('bad-request', error.message, { cause: error })
    throw error
  }
}

/** The rule for people: which tags of which repositories. */
export function nameOfRule({ tagSelectors, scopeSelectors }: RuleContent): string {
  const words = (selector: Selector | undefined) =>
    selector ? `${selector.decoration} ${selector.pattern}` : 'none'
  return `${words(scopeSelectors?.repository?.[0])}, ${words(tagSelectors?.[0])}`
}

/**
 * Whether the rule makes a tag immutable. As in Harbor the first selector of each kind counts, and a rule without one, or
 * with one that cannot be read, means nothing.
 */
export function compileRule({ tagSelectors, scopeSelectors }: RuleContent): RuleTest {
  const [repositories] = scopeSelectors?.repository ?? []
  const [tags] = tagSelectors ?? []
  if (!repositories || !tags) return NOTHING
  try {
    const isRepository = compileRepositorySelector(repositories)
    const isTag = compileTagSelector(tags)
    const likenesses = likenessesOf(tags)
    return Object.assign(
      (repository: string, tag: string) =>
        isRepository(repository) && isTag(tag, []) && !ATTACHING_TAG.test(tag),
      { likenesses: (repository: string) => (isRepository(repository) ? likenesses : []) },
    )
  } catch (error) {
    if (error instanceof PatternError) return NOTHING
    throw error
  }
}

const NOTHING: RuleTest = Object.assign(() => false, { likenesses: () => [] })
