import type { FindImmutable } from '../artifacts/immutable.ts'
import { createLru } from '../lib/lru.ts'
import { compileRule, type RuleContent, type RuleTest } from './model.ts'
import { findActiveRules } from './store.ts'

/** Compiled rules that are kept; what they say never changes, which of them hold is always read. */
const KEPT = 1_000

/** What is immutable in a project, by the rules that stand in the database at this moment. */
export function createFindImmutable(): FindImmutable {
  const compiled = createLru<string, RuleTest>(KEPT, () => 1)

  const testOf = (content: RuleContent): RuleTest => {
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
    return Object.assign((repository: string, tag: string) => tests.some((test) => test(repository, tag)), {
      likenesses: (repository: string) => tests.flatMap((test) => test.likenesses(repository)),
    })
  }
}
