import { takeTurns } from '../lib/turns.ts'
import type { Candidate } from '../selectors/model.ts'
import { compileRule, type RetentionRule } from './model.ts'
import type { Timed } from './templates.ts'

/** An artifact that is kept or goes, with all its tags. */
export interface RetentionCandidate extends Candidate, Timed {
  id: number
  digest: string
  /** One of its tags is immutable. */
  immutable: boolean
}

export interface Verdict<A extends RetentionCandidate = RetentionCandidate> {
  artifact: A
  kept: boolean
  /** Indexes of the rules that keep it. */
  by: number[]
}

/**
 * What becomes of the artifacts of one repository; undefined where no rule is about it: then nothing is touched. The same for
 * a dry run, a run, and whoever asks why. Rules are added up: what one keeps stays. So does what is immutable. Nobody else of the process
 * waits while very many are judged.
 */
export async function evaluate<A extends RetentionCandidate>(
  rules: readonly RetentionRule[],
  repository: string,
  artifacts: readonly A[],
  now: Date,
): Promise<Verdict<A>[] | undefined> {
  const turn = takeTurns()
  const by = new Map<A, number[]>(artifacts.map((artifact) => [artifact, []]))
  let covered = false
  for (const [index, rule] of rules.entries()) {
    if (rule.disabled) continue
    const { repositories, artifacts: selectors, template } = compileRule(rule)
    if (!repositories.every((isMeant) => isMeant(repository))) continue
    covered = true
    const selected: A[] = []
    for (const artifact of artifacts) {
      if (selectors.every((isMeant) => isMeant(artifact))) selected.push(artifact)
      const others = turn()
      if (others !== undefined) await others
    }
    for (const artifact of template(selected, now)) by.get(artifact)?.push(index)
  }
  if (!covered) return undefined

  return artifacts.map((artifact) => {
    const rulesThatKeep = by.get(artifact) ?? []
    return { artifact, kept: artifact.immutable || rulesThatKeep.length > 0, by: rulesThatKeep }
  })
}
