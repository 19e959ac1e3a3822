import { doomLeftovers } from '../blobs/quarantine-store.ts'
import { deleteObjects } from '../gc/collect.ts'
import type { TaskContext } from '../jobs/kind.ts'
import { DomainError } from '../platform/errors.ts'
import { noteFinding, noteUnseen } from './findings-store.ts'
import { hashObject } from './hash-object.ts'
import { isOfBlob, type KeyMeaning, OTHER_REGISTRY, readKey } from './keys.ts'
import type { ScrubParameters } from './model.ts'
import { findNeed } from './objects-store.ts'
import type { Pace } from './pace.ts'
import { findUnknown, sizeOf, waitForTransactions } from './report/unknown-keys.ts'
import { type Progress, type Step, withStep } from './run-state.ts'
import type { ScrubDeps } from './settle-object.ts'
import { type OrphanTold, settleOrphan } from './settle-orphan.ts'

const PAGE = 1_000
const PATIENCE_MS = 30_000
const WORKERS = 4
/** So many unknown objects, and most of what is in the store: then it is the database that is missing. */
const FEW = 100
/** The findings have no more of what is not ours. */
const MOST_FOREIGN = 1_000

interface Run {
  deps: ScrubDeps
  parameters: ScrubParameters
  pace: Pace
  progress: Progress
  context: TaskContext
}

/** From the store to rows: objects that no row knows go into quarantine, or where they are wanted. */
export async function watchKeys(run: Run): Promise<void> {
  const { deps, parameters, progress, context } = run
  // Its blobs may be somebody else's.
  const isShared = (await deps.storage.list(OTHER_REGISTRY, { limit: 1 })).length > 0
  if (isShared) context.log('another registry has its data in this store: unknown blobs are left alone')
  for (;;) {
    context.signal.throwIfAborted()
    const after = progress.state.afterKey
    const page = await deps.storage.list('', { ...(after !== '' && { after }), limit: PAGE })
    const unknown = await findForgotten(deps, page, progress, context)
    refuseMost(unknown, page.length, parameters, progress)
    let known = 0
    for (const key of page) {
      known += 1
      if (!unknown.has(key)) continue
      context.signal.throwIfAborted()
      // One step with what is done about it, so that a run that goes on counts it once.
      const looked: Step = { afterKey: key, counts: { keys: known } }
      progress.done((await settle(run, { key, state: unknown.get(key), isShared }, looked)) ?? looked)
      known = 0
      await progress.saveNowAndThen()
    }
    progress.done({ afterKey: page.at(-1) ?? after, counts: { keys: known } })
    await progress.save()
    if (page.length < PAGE) break
  }
  const begin = new Date(progress.state.begin)
  if (!parameters.reportOnly) await noteUnseen(deps.db, deps.store, ['orphan', 'foreign'], begin)
}

/** Keys that no row stands for, and none will. */
async function findForgotten(
  deps: ScrubDeps,
  keys: readonly string[],
  progress: Progress,
  { signal }: TaskContext,
): Promise<Map<string, string | undefined>> {
  const suspects = await findUnknown(deps, keys)
  if (suspects.size === 0) return suspects
  const isSettled = await waitForTransactions(deps.db, PATIENCE_MS, signal)
  const unknown = await findUnknown(deps, [...suspects.keys()])
  // Lost ones that are there again were looked at as objects.
  for (const [key, state] of unknown) if (state === 'lost') unknown.delete(key)
  if (isSettled) return unknown
  progress.done({ counts: { undecided: unknown.size } })
  return new Map()
}

/** An empty database, or that of another installation, must not make everything an orphan. */
function refuseMost(
  unknown: Map<string, unknown>,
  looked: number,
  { force, reportOnly }: ScrubParameters,
  { state }: Progress,
): void {
  const here = [...unknown.keys()].filter(isOfBlob).length
  const orphans = state.result.orphans + here
  const keys = state.result.keys + looked
  if (force || reportOnly || orphans < FEW || orphans * 2 < keys) return
  throw new DomainError(
    'precondition-failed',
    `the database knows nothing of ${orphans} of the ${keys} objects looked at. Is it the right one? With "force" it goes on all the same`,
  )
}

type BlobMeaning = Extract<KeyMeaning, { kind: 'blob' | 'uploaded' }>

interface UnknownKey {
  key: string
  state: string | undefined
  isShared: boolean
}

/** Does what is to be done about a key; answers the step that it is with the look itself, undefined where it is nothing. */
async function settle(
  run: Run,
  { key, state, isShared }: UnknownKey,
  looked: Step,
): Promise<Step | undefined> {
  const { deps, parameters, progress, context } = run
  const { reportOnly } = parameters
  const size = await sizeOf(deps.storage, key)
  if (size === undefined) return undefined
  const meaning = readKey(key)
  if (state === 'deleted') {
    context.log(`${key} had been deleted, and is there${reportOnly ? '' : ': it is deleted again'}`)
    if (!reportOnly) await deleteAgain(deps, key)
    return withStep(looked, { counts: { leftovers: 1 } })
  }
  if (meaning.kind === 'foreign' || (meaning.kind === 'blob' && isShared)) {
    context.log(`${key} is not ours, and left alone`)
    if (!reportOnly && progress.state.result.foreign < MOST_FOREIGN) {
      await noteFinding(deps.db, { store: deps.store, kind: 'foreign', key, ...(size >= 0 && { size }) })
    }
    return withStep(looked, { counts: { foreign: 1 }, lists: { foreign_keys: [key] } })
  }
  if (!reportOnly && meaning.kind !== 'task-log') return await settleBlob(run, { key, size, meaning }, looked)

  context.log(`${key} belongs to nobody, ${size} bytes`)
  const { store, quarantineDays: days } = deps
  if (!reportOnly) await noteFinding(deps.db, { store, kind: 'orphan', key, size, days })
  return withStep(looked, orphanStep(key, size))
}

async function settleBlob(
  { deps, pace, progress, context }: Run,
  { key, size, meaning }: { key: string; size: number; meaning: BlobMeaning },
  looked: Step,
): Promise<Step | undefined> {
  // Where the key does not tell what should be there, it is what is there.
  const actual = () => hashObject(deps.storage, key, 'sha256:', pace, context.signal)
  const orphan =
    meaning.kind === 'blob' ? meaning : { digest: (await actual()).digest, generation: undefined }
  const { digest, generation } = orphan
  const { needed, stored } = await findNeed(deps.db, deps.store, digest)
  const wanted = needed && !stored && (await isRight(deps, { key, digest }, pace, context))
  const stepOf = (told: OrphanTold) =>
    withStep(looked, told === 'restored' ? { counts: { restored: 1 } } : orphanStep(key, size))
  const lineOf = (told: OrphanTold) =>
    `${key} ${told === 'restored' ? 'is what a blob has lost, and put in its place' : 'belongs to nobody: quarantined'}, ${size} bytes`
  const told = await settleOrphan(deps, { key, size, digest, generation, wanted }, (tx, result) =>
    progress.keep(tx, stepOf(result), lineOf(result)),
  )
  if (told === undefined) return undefined
  context.log(lineOf(told))
  return stepOf(told)
}

async function isRight(
  { storage }: ScrubDeps,
  { key, digest }: { key: string; digest: string },
  pace: Pace,
  { signal }: TaskContext,
): Promise<boolean> {
  return (await hashObject(storage, key, digest, pace, signal)).digest === digest
}

async function deleteAgain(deps: ScrubDeps, key: string): Promise<void> {
  const objects = await doomLeftovers(deps.db, deps.store, [key])
  // A power cut has brought it back, perhaps what was purged. What the store refuses stays marked, and collection tries it again.
  await deleteObjects({ ...deps, graceSeconds: 0 }, objects, WORKERS, () => undefined, { durable: true })
}

function orphanStep(key: string, size: number): Step {
  return { counts: { orphans: 1, orphan_bytes: Math.max(size, 0) }, lists: { orphan_keys: [key] } }
}
