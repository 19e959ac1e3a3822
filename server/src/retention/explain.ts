import type { Page } from '../platform/db/list.ts'
import type { Verdict } from './evaluate.ts'
import { type RetentionJobDeps, readVerdicts } from './job.ts'
import type { RetentionPolicy } from './model.ts'
import { findPolicyOf, type RetentionPlace } from './store.ts'

export interface Explanation {
  /** The policy that is asked; undefined where neither the project nor the system has one. */
  policy: RetentionPolicy | undefined
  /** Whether a rule is about the repository; otherwise nothing is touched. */
  covered: boolean
  /** Of one page. */
  verdicts: Verdict[]
  /** Artifacts that are judged. */
  total: number
}

/**
 * What the policy that holds for a repository would do with it now, artifact by artifact, the oldest first. Which are the newest
 * cannot be told without all of them, so all are judged for any page.
 */
export async function explain(
  deps: RetentionJobDeps,
  place: RetentionPlace,
  { offset, limit }: Page,
): Promise<Explanation> {
  const policy = (await findPolicyOf(deps.db, place.projectId)) ?? (await findPolicyOf(deps.db, undefined))
  const all = policy && (await readVerdicts(deps, place, policy.rules))

  return {
    policy,
    covered: all !== undefined,
    verdicts: all?.slice(offset, offset + limit) ?? [],
    total: all?.length ?? 0,
  }
}
