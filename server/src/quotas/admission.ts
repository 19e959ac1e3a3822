import type { Database } from '../platform/db/database.ts'
import type { QuotaPolicy } from './count.ts'
import { findLargest } from './counted-store.ts'
import { QuotaExceededError } from './model.ts'
import { readUsage } from './usage-store.ts'

/**
 * Refusals before anything is stored, for clients that are about to send what will not fit. They look and lock nothing:
 * what counts is decided when a blob is committed (`count.ts`). Projects without a limit cost nothing here.
 */

export interface AdmissionDeps {
  db: Database
  quotas: QuotaPolicy
}

/** A project as the pipeline knows it. */
export interface LimitedProject {
  id: number
  storageLimit?: number | undefined
}

/** Throws QuotaExceededError unless the project may hold so many bytes more; 0 asks whether it is over already. */
export async function checkRoom(deps: AdmissionDeps, project: LimitedProject, bytes: number): Promise<void> {
  const usage = await limitedUsage(deps, project)
  if (usage && usage.used + bytes > usage.limit) throw new QuotaExceededError(bytes, usage.used, usage.limit)
}

/** Throws QuotaExceededError for an upload that has come too far. */
export type CheckLength = (length: number) => Promise<void>

/**
 * Asks once what is left, and then tells for any length of an upload whether it is too long: more than what is left,
 * and more than any blob that counts already, which the upload might be another copy of.
 */
export function createLengthCheck(deps: AdmissionDeps, project: LimitedProject): CheckLength {
  let allowed = project.storageLimit === undefined ? Number.POSITIVE_INFINITY : -1

  return async (length) => {
    if (length <= allowed) return
    const usage = await limitedUsage(deps, project)
    const left = usage ? usage.limit - usage.used : Number.POSITIVE_INFINITY
    allowed = length <= left ? left : await findLargest(deps.db, project.id)
    if (usage && length > allowed) throw new QuotaExceededError(length, usage.used, usage.limit)
  }
}

async function limitedUsage({ db, quotas }: AdmissionDeps, project: LimitedProject) {
  if (project.storageLimit === undefined || !quotas.enforced()) return undefined
  const { limit, used } = await readUsage(db, project.id)

  return limit === null ? undefined : { limit, used }
}
