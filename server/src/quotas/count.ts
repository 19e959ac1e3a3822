import { setTimeout } from 'node:timers/promises'
import type { Database } from '../platform/db/database.ts'
import { allowances, SLOTS } from './allowances.ts'
import { addCounted, lockCounted, removeCounted } from './counted-store.ts'
import { type CountedBlob, QuotaExceededError } from './model.ts'
import {
  lockFirst,
  lockSlots,
  readUsage,
  spendFree,
  spendGathered,
  spendUnlimited,
  writeSlots,
} from './usage-store.ts'

/** How counting is done; the same for everybody who counts. */
export interface QuotaPolicy {
  /** Whether limits hold. Where they do not, what is used is counted all the same. */
  enforced(): boolean
  /** Hears how long a call took, in milliseconds, and whether it had to do more than take a free slot. */
  observe?(milliseconds: number, contended: boolean): void
}

// Each round fails only because somebody else has succeeded meanwhile.
const MAX_ROUNDS = 100
/** So often a caller looks again without a lock; then he queues, so that everybody has his turn. */
const PATIENT_ROUNDS = 20
const LONGEST_PAUSE = 8

/**
 * Makes blobs count in a project, those that do not yet, within a transaction. Once a transaction: whoever has spent
 * must not wait for slots again. The blobs are held, against whoever gives them back, until it ends. Answers the
 * bytes that were added.
 *
 * @throws {QuotaExceededError} the project may not hold so much.
 */
export async function countBlobs(
  tx: Database,
  policy: QuotaPolicy,
  projectId: number,
  blobs: readonly CountedBlob[],
): Promise<number> {
  const { added } = await countWith(tx, policy, projectId, () => addCounted(tx, projectId, blobs))
  return added
}

/**
 * The same for whoever lets the database count within a call that does other work too: `count` makes it and tells what
 * was added, and whether it is spent.
 */
export async function countWith<T extends { added: number; spent: boolean }>(
  tx: Database,
  policy: QuotaPolicy,
  projectId: number,
  count: () => Promise<T>,
): Promise<T> {
  const begin = performance.now()
  let contended = false
  try {
    const counted = await count()
    contended = !counted.spent
    if (!counted.spent) await spend(tx, projectId, counted.added, policy.enforced())
    return counted
  } finally {
    policy.observe?.(performance.now() - begin, contended)
  }
}

/**
 * Takes blobs out of a project that nothing in it references any more. They are locked first; `unused` is then
 * asked which of them it still is that nothing references.
 */
export async function giveBack(
  tx: Database,
  projectId: number,
  blobIds: readonly number[],
  unused: (blobIds: number[]) => Promise<number[]>,
): Promise<void> {
  const locked = await lockCounted(tx, projectId, blobIds)
  if (locked.length > 0) await removeCounted(tx, projectId, await unused(locked))
}

/**
 * Spends where no free slot had room: what several have is moved into one. Where the rest of the room is in the hands of
 * transactions that have not ended, it is looked again a moment later: either it comes free, or the project is full.
 * Only where the slots together lack room that the limit leaves, all are locked and it is shared out again.
 */
async function spend(tx: Database, projectId: number, bytes: number, enforced: boolean): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { limit, used, room } = await readUsage(tx, projectId)
    if (limit === null) {
      if (await spendUnlimited(tx, projectId, bytes)) return
    } else {
      if (enforced && used + bytes > limit) throw new QuotaExceededError(bytes, used, limit)
      if (await spendGathered(tx, projectId, bytes)) return
      if (room >= bytes && round < PATIENT_ROUNDS) {
        await setTimeout(1 + Math.random() * LONGEST_PAUSE)
        continue
      }
      await lockFirst(tx, projectId)
      if (await spendFree(tx, projectId, bytes)) return
      if (await shareOut(tx, projectId, bytes, enforced)) return
    }
  }
  throw new Error(`no slot of project ${projectId} after ${MAX_ROUNDS} rounds`)
}

/** With all slots locked: spends if the limit has room for it, and shares out what is left. */
async function shareOut(tx: Database, projectId: number, bytes: number, enforced: boolean): Promise<boolean> {
  const slots = await lockSlots(tx, projectId)
  const { limit } = await readUsage(tx, projectId)
  if (limit === null) return false

  const used = slots.reduce((sum, slot) => sum + slot.bytes, 0)
  if (enforced && used + bytes > limit) throw new QuotaExceededError(bytes, used, limit)
  await rewrite(tx, projectId, slots, { limit, spent: bytes, next: bytes })
  return true
}

/** Shares out anew what the project's limit leaves, after it or what is used was changed by other means. */
export async function shareAnew(tx: Database, projectId: number): Promise<void> {
  const slots = await lockSlots(tx, projectId)
  const { limit } = await readUsage(tx, projectId)

  await rewrite(tx, projectId, slots, { limit, spent: 0, next: 0 })
}

async function rewrite(
  tx: Database,
  projectId: number,
  slots: readonly { slot: number; bytes: number }[],
  change: { limit: number | null; spent: number; next: number },
): Promise<void> {
  const bytes = Array.from({ length: SLOTS }, () => 0)
  for (const held of slots) {
    const into = held.slot < SLOTS ? held.slot : 0
    bytes[into] = (bytes[into] ?? 0) + held.bytes
  }
  bytes[0] = (bytes[0] ?? 0) + change.spent
  const shares = change.limit === null ? undefined : allowances(bytes, change.limit, change.next)
  const extra = slots.map((held) => held.slot).filter((slot) => slot >= SLOTS)

  await writeSlots(
    tx,
    projectId,
    bytes.map((held, slot) => ({ bytes: held, allowance: shares?.[slot] ?? null })),
    extra,
  )
}
