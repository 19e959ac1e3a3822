import type { FindImmutable, ImmutableTest } from '../artifacts/immutable.ts'
import { createLru } from '../lib/lru.ts'
import { compileRule, type RuleContent } from './model.ts'
import { findActiveRules } from './store.ts'

/** Compiled rules that are kept; what they say never changes, which of them hold is always read. */
const KEPT = 1_000

/** What is immutable in a project, by the rules that stand in the database at this moment. */
export function createFindImmutable(): FindImmutable {
  const compiled = createLru<string, ImmutableTest>(KEPT, () => 1)

  const testOf = (content: RuleContent): ImmutableTest => {
    const key = JSON.stringify([content.scopeSelectors, content.tagSelectors])
    const known = compiled.get(key)
    if (known) return known
    const test = compileRule(content)
    compiled.set(key, test)
    return test
  }

  return async (db, projectId) => {
    const rules = await findActiveRules(db, projectId)
    if (rules.length === 0) return undefined
    const tests = rules.map(testOf)
    return (repository, tag) => tests.some((test) => test(repository, tag))
  }
}
