import { setTimeout } from 'node:timers/promises'
import type { Actor } from '../access/model.ts'
import { deleteArtifact } from '../artifacts/deletion.ts'
import { ArtifactReferencedError } from '../artifacts/errors.ts'
import type { FindImmutable } from '../artifacts/immutable.ts'
import type { JobKind, TaskContext } from '../jobs/kind.ts'
import { openTaskList, type TaskList } from '../jobs/task-list.ts'
import { ignore } from '../lib/ignore.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import {
  type CollectDeps,
  type Collected,
  deleteDoomed,
  deleteObjects,
  type Marked,
  markIdle,
  type OnFailure,
} from './collect.ts'
import { countManifests, describeBlobs, findUntagged, scanIdle } from './store.ts'

/** Harbor's name for it. */
export const GARBAGE_COLLECTION = 'GARBAGE_COLLECTION'

/** What a run is to do. */
export interface GcParameters {
  deleteUntagged: boolean
  dryRun: boolean
  /** How many objects are deleted at once, by tens. */
  workers: number
}

export interface GcJobDeps extends CollectDeps {
  /** How long deleted artifacts can be restored. */
  trashDays: number
  /** Somebody may have tagged it since. */
  findImmutable: FindImmutable
  /** Gives back to the quotas what was uploaded and never referenced. From `artifacts`. */
  releasePending(): Promise<unknown>
}

/** Where a run stands; kept in the transaction that did what it tells of. */
interface State {
  phase: 'untagged' | 'blobs'
  /** The last id that is done with. */
  after: number
  blobs: number
  manifests: number
  bytes: number
  artifacts: number
  failures: number
}

const START: State = {
  phase: 'untagged',
  after: 0,
  blobs: 0,
  manifests: 0,
  bytes: 0,
  artifacts: 0,
  failures: 0,
}
/** Files that each worker deletes at once. */
const HANDS = 10
const SCANNED = 5_000
const BATCH = 100
const UNTAGGED = 200
/** Blobs a second that a run goes through at most, for each of its workers; faster, and others would feel it. */
const PACE = 1_500
const LONGEST_PAUSE = 250
/** Blobs that a dry run names in its log; its list has them all. */
const MOST_LOGGED = 1000
// No person deletes what a run does.
const NOBODY: Actor | undefined = undefined

/** A run of the collection: deletes artifacts without tags, if it is asked to, then blobs that nothing references. */
export function garbageCollection(deps: GcJobDeps): JobKind {
  return {
    name: GARBAGE_COLLECTION,
    limit: 1,
    attempts: 1,
    async run(context) {
      const parameters = context.task.input as GcParameters
      // A dry run begins anew: so does its list.
      const state = {
        ...START,
        ...(parameters.dryRun ? undefined : (context.task.state as State | undefined)),
      }
      const list = parameters.dryRun ? openTaskList(deps.storage, context.task) : undefined
      context.log(`${describe(parameters)}, a grace of ${deps.graceSeconds} seconds`)
      if (parameters.deleteUntagged && state.phase === 'untagged') {
        await deleteUntagged(deps, list, state, context)
      }
      if (state.phase === 'untagged') Object.assign(state, { phase: 'blobs', after: 0 })
      if (list) await listIdle(deps, list, state, context)
      else await collectIdle(deps, parameters.workers || 1, state, context)
      const verb = parameters.dryRun ? 'would be' : 'were'
      context.log(
        `${state.artifacts} artifacts, ${state.blobs} blobs (${state.manifests} of them manifests) ${verb} deleted, ` +
          `${state.bytes} bytes; ${state.failures} objects could not be`,
      )
    },
  }
}

function describe({ dryRun, deleteUntagged, workers }: GcParameters): string {
  const what = deleteUntagged ? 'artifacts without tags and blobs' : 'blobs'
  return `${dryRun ? 'looks for' : 'deletes'} ${what} that nothing references, with ${workers || 1} workers`
}

/** Artifacts without tags, with the children and accessories that only they have. With a `list` they are only told. */
async function deleteUntagged(
  deps: GcJobDeps,
  list: TaskList | undefined,
  state: State,
  context: TaskContext,
): Promise<void> {
  for (;;) {
    context.signal.throwIfAborted()
    const { graceSeconds } = deps
    const page = await findUntagged(deps.db, { after: state.after, limit: UNTAGGED, graceSeconds })
    for (const artifact of page) {
      context.signal.throwIfAborted()
      const name = `${artifact.projectName}/${artifact.repositoryName}@${artifact.digest}`
      const { repositoryId: id, repositoryName, projectId, projectName } = artifact
      const place = { repository: { id, name: repositoryName, projectId }, projectName }
      const next = { ...state, artifacts: state.artifacts + 1, after: artifact.id }
      const line = `${list ? 'would delete' : 'deleted'} artifact ${name}`
      const keep = (tx: Database) => context.save(next, tx, [line])
      if (list) await list.add([{ artifact: name }])
      else if (!(await tryToDelete(deps, place, artifact.digest, context, keep))) continue
      if (!list || next.artifacts <= MOST_LOGGED) context.log(line)
      Object.assign(state, next)
    }
    state.after = page.at(-1)?.id ?? state.after
    await context.save(state)
    if (page.length < UNTAGGED) return
  }
}

/** Somebody may have listed it, or protected it, meanwhile. */
async function tryToDelete(
  deps: GcJobDeps,
  place: Parameters<typeof deleteArtifact>[1],
  digest: string,
  context: TaskContext,
  keep: (tx: Database) => Promise<void>,
): Promise<boolean> {
  try {
    return await deleteArtifact(deps, place, digest, NOBODY, { also: keep })
  } catch (error) {
    if (!(error instanceof ArtifactReferencedError || error instanceof DomainError)) throw error
    context.log(`artifact ${place.projectName}/${place.repository.name}@${digest} stays: ${error.message}`)
    return false
  }
}

async function collectIdle(
  deps: GcJobDeps,
  workers: number,
  state: State,
  context: TaskContext,
): Promise<void> {
  const hands = HANDS * workers
  const onFailure: OnFailure = (object, error) => {
    state.failures += 1
    context.log(
      `blob ${object.digest} could not be deleted, and is tried again next time: ${reasonOf(error)}`,
    )
  }
  await deps.releasePending()
  const left = await deleteDoomed(deps, hands, onFailure, context.signal)
  if (left > 0) context.log(`${left} blobs of before were deleted`)
  // The bytes of one batch are deleted while the next one is being marked.
  let deleting: Promise<unknown> = Promise.resolve()
  const mark = async (ids: number[], after: number) => {
    const withThem = ({ blobs, manifests, bytes }: Collected) => ({
      ...state,
      after,
      blobs: state.blobs + blobs,
      manifests: state.manifests + manifests,
      bytes: state.bytes + bytes,
    })
    const linesOf = ({ objects }: Marked) =>
      objects.map(({ digest, size }) => `deleted blob ${digest}, ${size} bytes`)
    const marked = await markIdle(deps, ids, (tx, collected) =>
      context.save(withThem(collected), tx, linesOf(collected)),
    )
    Object.assign(state, withThem(marked))
    for (const line of linesOf(marked)) context.log(line)
    await deleting
    deleting = deleteObjects(deps, marked.objects, hands, onFailure)
    // Whoever awaits it hears of its failure; until then it must not count as unhandled.
    deleting.catch(ignore)
  }
  try {
    await eachIdle(deps, { state, pace: PACE * workers }, context, mark)
  } finally {
    await deleting
  }
}

async function listIdle(deps: GcJobDeps, list: TaskList, state: State, context: TaskContext): Promise<void> {
  await eachIdle(deps, { state, pace: Number.POSITIVE_INFINITY }, context, async (ids) => {
    const blobs = await describeBlobs(deps.db, ids)
    await list.add(blobs.map(({ digest, size }) => ({ blob: digest, size })))
    const room = Math.max(MOST_LOGGED - state.blobs, 0)
    for (const { digest, size } of blobs.slice(0, room)) {
      context.log(`would delete blob ${digest}, ${size} bytes`)
    }
    state.blobs += blobs.length
    state.bytes += blobs.reduce((sum, blob) => sum + blob.size, 0)
    state.manifests += await countManifests(
      deps.db,
      blobs.map((blob) => blob.digest),
    )
  })
  const { artifacts, blobs, bytes } = state
  await list.add([{ total: { artifacts, blobs, bytes } }])
  await list.close()
  const unsaid = Math.max(state.blobs - MOST_LOGGED, 0) + Math.max(state.artifacts - MOST_LOGGED, 0)
  if (unsaid > 0) context.log(`${unsaid} more are in the list of this run, under …/candidates`)
}

/** Goes through the blobs that are idle in batches, at most `pace` of them a second, and tells how far it is. */
async function eachIdle(
  deps: GcJobDeps,
  { state, pace }: { state: State; pace: number },
  context: TaskContext,
  work: (ids: number[], after: number) => Promise<void>,
): Promise<void> {
  for (let after: number | undefined = state.after; after !== undefined; ) {
    context.signal.throwIfAborted()
    const { graceSeconds } = deps
    const { idle, last } = await scanIdle(deps.db, deps.store, { after, limit: SCANNED, graceSeconds })
    for (let from = 0; from < idle.length; from += BATCH) {
      context.signal.throwIfAborted()
      const ids = idle.slice(from, from + BATCH)
      const begin = performance.now()
      await work(ids, ids.at(-1) ?? 0)
      // Short work and long pauses, on a slow machine too: whoever pushes and pulls meanwhile hardly waits.
      const worked = performance.now() - begin
      const due = (ids.length * 1000) / pace
      await setTimeout(Math.min(Math.max(due - worked, worked), LONGEST_PAUSE))
    }
    after = last
    if (after !== undefined) state.after = after
    const { blobs, manifests, bytes } = state
    await context.report({ freed_space: bytes, purged_blobs: blobs, purged_manifests: manifests })
  }
}

/** Words of the system, not of the store's client, which may name addresses and keys. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'the store refuses'
}
