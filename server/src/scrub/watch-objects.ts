import { setTimeout } from 'node:timers/promises'
import type { TaskContext } from '../jobs/kind.ts'
import { DomainError } from '../platform/errors.ts'
import { ObjectMissingError } from '../storage/errors.ts'
import { findNeedyOf, noteFinding } from './findings-store.ts'
import { hashObject } from './hash-object.ts'
import { inParallel } from './in-parallel.ts'
import type { ScrubParameters } from './model.ts'
import { pageWatched, type WatchedObject } from './objects-store.ts'
import type { Pace } from './pace.ts'
import { statesByKey } from './report/objects-store.ts'
import { type Progress, type Step, withStep } from './run-state.ts'
import { type Loss, MOST_NEEDY, type ScrubDeps, settleLoss, settleReturn } from './settle-object.ts'

const PAGE = 1_000
/** So many objects are asked for before anything is done about them. */
const CHUNK = 100
const LONGEST_PAUSE = 200
/** Of those that need a blob so many stand in the result, which is shown in lists; the findings and the log have more. */
const FIRST_NEEDY = 5
/** So many missing objects, and most of what was looked at: then it is the store that is missing. */
const FEW = 10

/** What a look at an object comes to. */
interface Look {
  object: WatchedObject
  what: 'missing' | 'damaged' | 'unreadable' | 'returned'
  detail: string
}

interface Run {
  deps: ScrubDeps
  parameters: ScrubParameters
  pace: Pace
  progress: Progress
  context: TaskContext
}

/**
 * From rows to the store: whether every object is there, has its size and, with `rehash`, its content. An object is in the
 * store before its row says so, and its row changes before it is deleted: so a row that says so before and after the look
 * is right.
 */
export async function watchObjects(run: Run): Promise<void> {
  const { deps, progress, context } = run
  for (;;) {
    const page = await pageWatched(deps.db, deps.store, progress.state.after, PAGE)
    for (let from = 0; from < page.length; from += CHUNK) {
      context.signal.throwIfAborted()
      const begin = performance.now()
      await watchChunk(run, page.slice(from, from + CHUNK))
      // Whoever pushes and pulls meanwhile has half the time for himself.
      await setTimeout(Math.min(performance.now() - begin, LONGEST_PAUSE))
    }
    await progress.save()
    if (page.length < PAGE) return
  }
}

async function watchChunk(run: Run, chunk: readonly WatchedObject[]): Promise<void> {
  const { deps, progress, context } = run
  const sizes = new Map(
    await inParallel(chunk, async ({ id, key }) => [id, await askSize(deps, key)] as const),
  )
  refuseMost(run, chunk, sizes)
  for (const object of chunk) {
    context.signal.throwIfAborted()
    const { found, hashed } = await look(run, object, sizes.get(object.id))
    const there = sizes.get(object.id)
    const bytes = typeof there === 'number' ? there : 0
    const counts = { objects: object.state === 'stored' ? 1 : 0, bytes, hashed_bytes: hashed }
    // One step with what is done about it, so that a run that goes on counts it once.
    const looked: Step = { after: object.id, counts }
    progress.done((found && (await settle(run, found, looked))) ?? looked)
    await progress.saveNowAndThen()
  }
}

/** The size of an object, undefined where there is none, or why the store does not say. */
async function askSize({ storage }: ScrubDeps, key: string): Promise<number | undefined | Error> {
  try {
    return (await storage.stat(key))?.size
  } catch (error) {
    return error as Error
  }
}

/** A look at one object, to its end where that is asked for or in doubt. */
async function look(
  { deps, parameters, pace, context }: Run,
  object: WatchedObject,
  there: number | undefined | Error,
): Promise<{ found?: Look; hashed: number }> {
  const { key, digest, size, state } = object
  const isStored = state === 'stored'
  const missing = isStored ? { found: { object, what: 'missing', detail: 'is not there' } as const } : {}
  if (there === undefined) return { ...missing, hashed: 0 }
  // A size that differs is looked into: the row may be the one that is wrong.
  if (isStored && !parameters.rehash && there === size) return { hashed: 0 }
  try {
    if (there instanceof Error) throw there
    const { signal } = context
    const { bytes, digest: actual } = await hashObject(deps.storage, key, digest, pace, signal)
    if (actual !== digest) {
      const found: Look = { object, what: 'damaged', detail: `hashes to ${actual}, ${bytes} bytes` }
      return { ...(isStored && { found }), hashed: bytes }
    }
    const found: Look = { object: { ...object, size: bytes }, what: 'returned', detail: '' }
    return { ...(!isStored && { found }), hashed: bytes }
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof ObjectMissingError) return { ...missing, hashed: 0 }
    const found: Look = { object, what: 'unreadable', detail: `could not be read: ${reasonOf(error)}` }
    return { ...(isStored && { found }), hashed: 0 }
  }
}

/** Words of the system, not of the store's client, which may name addresses. */
function reasonOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? error) as { code?: unknown }
  return typeof code === 'string' ? code : 'the store refuses'
}

/** A store that is not mounted, or another one, must not make everything lost. */
function refuseMost(
  { parameters, progress }: Run,
  chunk: readonly WatchedObject[],
  sizes: ReadonlyMap<number, unknown>,
): void {
  const stored = chunk.filter(({ state }) => state === 'stored')
  const { result } = progress.state
  const missing = result.missing + stored.filter(({ id }) => sizes.get(id) === undefined).length
  const objects = result.objects + stored.length
  if (parameters.force || parameters.reportOnly || missing < FEW || missing * 2 < objects) return
  throw new DomainError(
    'precondition-failed',
    `${missing} of the ${objects} objects looked at are missing. Is this the right store, and is it mounted? With "force" it goes on all the same`,
  )
}

/** Does what is to be done about a look; answers the step that it is with the look itself, undefined where it is nothing. */
async function settle(
  { deps, parameters, progress, context }: Run,
  { object, what, detail }: Look,
  looked: Step,
): Promise<Step | undefined> {
  const { reportOnly } = parameters
  const { key, digest, size, blobId } = object
  const name = `blob ${digest} (${key})`
  if (what === 'returned') return await settleFound(deps, object, reportOnly, { progress, context, looked })
  if (what === 'unreadable') {
    context.log(`${name} ${detail}`)
    const { store } = deps
    if (!reportOnly) await noteFinding(deps.db, { store, kind: what, key, digest, size, blobId })
    return withStep(looked, { counts: { unreadable: 1 } })
  }
  const stepOf = (loss: Loss) => withStep(looked, lossStep(what, digest, loss))
  const lineOf = ({ neededBy, healed }: Loss) =>
    `${name} ${detail}; ${needText(neededBy)}${healed ? '; it was put back from the database' : ''}`
  const loss = reportOnly
    ? await describeLoss(deps, object)
    : await settleLoss(deps, object, what, (tx, told) => progress.keep(tx, stepOf(told), lineOf(told)))
  if (!loss) return undefined
  context.log(lineOf(loss))
  return stepOf(loss)
}

/** What it would be. */
async function describeLoss(deps: ScrubDeps, { key, blobId }: WatchedObject): Promise<Loss | undefined> {
  if ((await statesByKey(deps.db, deps.store, [key])).get(key) !== 'stored') return undefined
  return { neededBy: (await findNeedyOf(deps.db, [blobId], MOST_NEEDY)).get(blobId) ?? [], healed: false }
}

async function settleFound(
  deps: ScrubDeps,
  object: WatchedObject,
  reportOnly: boolean,
  { progress, context, looked }: Pick<Run, 'progress' | 'context'> & { looked: Step },
): Promise<Step | undefined> {
  const restored = withStep(looked, { counts: { restored: 1 } })
  const lineOf = (told: string) => `blob ${object.digest} (${object.key}) is there again: ${told}`
  const told = reportOnly
    ? 'served'
    : await settleReturn(deps, object, async (tx, result) => {
        if (result === 'served') await progress.keep(tx, restored, lineOf(result))
      })
  if (told !== undefined) context.log(lineOf(told))
  return told === 'served' ? restored : undefined
}

function lossStep(what: 'missing' | 'damaged', digest: string, { neededBy, healed }: Loss): Step {
  const entry = { digest, needed_by: neededBy.slice(0, FIRST_NEEDY) }
  return {
    counts: { [what]: 1, healed: healed ? 1 : 0 },
    lists: what === 'missing' ? { missing_blobs: [entry] } : { damaged_blobs: [entry] },
  }
}

function needText(neededBy: readonly string[]): string {
  return neededBy.length === 0 ? 'nothing needs it' : `needed by ${neededBy.join(', ')}`
}
