import { PatternError } from './doublestar.ts'
import type { Candidate, NameTest, Selector } from './model.ts'
import { compilePattern } from './pattern.ts'

/**
 * Whether a repository is meant, by its name within the project.
 *
 * @throws {PatternError}
 */
export function compileRepositorySelector(selector: Selector): (repository: string) => boolean {
  const test = compilePattern(selector.kind, selector.pattern)
  switch (selector.decoration) {
    case 'repoMatches':
      return (repository) => test(repository, [])
    case 'repoExcludes':
      return (repository) => !test(repository, [])
    default:
      throw unknownDecoration(selector)
  }
}

/**
 * Whether a tag is meant.
 *
 * @throws {PatternError}
 */
export function compileTagSelector(selector: Selector): NameTest {
  const test = compilePattern(selector.kind, selector.pattern)
  switch (selector.decoration) {
    case 'matches':
      return test
    case 'excludes':
      return (tag, labels) => !test(tag, labels)
    default:
      throw unknownDecoration(selector)
  }
}

/**
 * Whether an artifact is meant: one of its tags is, or it has none and the selector takes those too. By default
 * `matches` does and `excludes` does not, as in Harbor.
 *
 * @throws {PatternError}
 */
export function compileArtifactSelector(selector: Selector): (candidate: Candidate) => boolean {
  const test = compileTagSelector(selector)
  const untagged = takesUntagged(selector)
  return ({ tags, labels }) => (tags.length === 0 ? untagged : tags.some((tag) => test(tag, labels)))
}

function takesUntagged({ decoration, extras, pattern }: Selector): boolean {
  const byDefault = decoration === 'matches'
  if (!extras) return byDefault
  try {
    const { untagged } = JSON.parse(extras) as { untagged?: unknown }
    return typeof untagged === 'boolean' ? untagged : byDefault
  } catch {
    throw new PatternError(pattern, 'its extras are no JSON')
  }
}

function unknownDecoration({ pattern, decoration }: Selector): PatternError {
  return new PatternError(pattern, `there is no decoration ${JSON.stringify(decoration)}`)
}
