import { setTimeout } from 'node:timers/promises'
import type { Actor } from '../access/model.ts'
import { deleteArtifact } from '../artifacts/deletion.ts'
import type { FindImmutable } from '../artifacts/immutable.ts'
import type { JobKind, TaskContext } from '../jobs/kind.ts'
import { ignore } from '../lib/ignore.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { type Candidates, openCandidates } from './candidates.ts'
import {
  type CollectDeps,
  type Collected,
  deleteDoomed,
  deleteObjects,
  type Marked,
  markIdle,
  type OnFailure,
} from './collect.ts'
import {
  countManifests,
  describeBlobs,
  findUntagged,
  isUntagged,
  scanIdle,
  type UntaggedArtifact,
} from './store.ts'

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
/** So many are named in the log, the rest is summed up: it keeps the newest of what is written, and the first tell as much. */
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
      const candidates = parameters.dryRun ? openCandidates(deps, context.task) : undefined
      context.log(`${describe(parameters)}, a grace of ${deps.graceSeconds} seconds`)
      if (parameters.deleteUntagged && state.phase === 'untagged') {
        await deleteUntagged(deps, candidates, state, context)
      }
      if (state.phase === 'untagged') Object.assign(state, { phase: 'blobs', after: 0 })
      if (candidates) await listIdle(deps, candidates, state, context)
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

/** Artifacts without tags, with the children and accessories that only they have. With `candidates` they are only told. */
async function deleteUntagged(
  deps: GcJobDeps,
  candidates: Candidates | undefined,
  state: State,
  context: TaskContext,
): Promise<void> {
  const verb = candidates ? 'would delete' : 'deleted'
  for (;;) {
    context.signal.throwIfAborted()
    const { graceSeconds } = deps
    const page = await findUntagged(deps.db, { after: state.after, limit: UNTAGGED, graceSeconds })
    const named = Math.max(state.artifacts, MOST_LOGGED)
    for (const artifact of page) {
      context.signal.throwIfAborted()
      const name = `${artifact.projectName}/${artifact.repositoryName}@${artifact.digest}`
      const next = { ...state, artifacts: state.artifacts + 1, after: artifact.id }
      const lines = next.artifacts > MOST_LOGGED ? [] : [`${verb} artifact ${name}`]
      const keep = (tx: Database) => context.save(next, tx, lines)
      if (candidates) await candidates.addArtifact(artifact, name)
      else if (!(await tryToDelete(deps, artifact, name, context, keep))) continue
      for (const line of lines) context.log(line)
      Object.assign(state, next)
    }
    state.after = page.at(-1)?.id ?? state.after
    await context.save(state)
    if (state.artifacts > named) context.log(`${verb} ${state.artifacts - named} more artifacts`)
    if (page.length < UNTAGGED) return
  }
}

/** Somebody may have tagged it, listed it, or given it the artifact that it belongs to, since it was found: then it stays. */
async function tryToDelete(
  deps: GcJobDeps,
  { id, digest, repositoryId, repositoryName, projectId, projectName }: UntaggedArtifact,
  name: string,
  context: TaskContext,
  keep: (tx: Database) => Promise<void>,
): Promise<boolean> {
  const place = { repository: { id: repositoryId, name: repositoryName, projectId }, projectName }
  try {
    return await deleteArtifact(deps, place, digest, NOBODY, {
      onlyIf: (tx) => isUntagged(tx, id, deps.graceSeconds),
      also: keep,
    })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    context.log(`artifact ${name} stays: ${error.message}`)
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
  const { signal } = context
  const onFailure: OnFailure = (object, error) => {
    state.failures += 1
    if (state.failures > MOST_LOGGED) return
    context.log(
      `blob ${object.digest} could not be deleted, and is tried again next time: ${reasonOf(error)}`,
    )
  }
  await deps.releasePending()
  const left = await deleteDoomed(deps, hands, onFailure, signal)
  if (left > 0) context.log(`${left} blobs of before were deleted`)
  // The bytes of one batch are deleted while the next one is being marked.
  let deleting: Promise<unknown> = Promise.resolve()
  const begin = async (objects: Marked['objects']) => {
    const failures = state.failures
    const gone = await deleteObjects(deps, objects, hands, onFailure, { signal })
    const waiting = objects.length - gone - (state.failures - failures)
    if (waiting > 0) context.log(`${waiting} of these blobs are marked, and go with the next collection`)
  }
  const mark = async (ids: number[], after: number) => {
    const withThem = ({ blobs, manifests, bytes }: Collected) => ({
      ...state,
      after,
      blobs: state.blobs + blobs,
      manifests: state.manifests + manifests,
      bytes: state.bytes + bytes,
    })
    const told = state.blobs
    const linesOf = ({ objects }: Marked) => linesAbout('deleted', objects, told)
    const marked = await markIdle(deps, ids, (tx, collected) =>
      context.save(withThem(collected), tx, linesOf(collected)),
    )
    Object.assign(state, withThem(marked))
    for (const line of linesOf(marked)) context.log(line)
    await deleting
    deleting = begin(marked.objects)
    // Whoever awaits it hears of its failure; until then it must not count as unhandled.
    deleting.catch(ignore)
  }
  const scan = (after: number) =>
    scanIdle(deps.db, deps.store, { after, limit: SCANNED, graceSeconds: deps.graceSeconds })
  try {
    await eachIdle(scan, { state, pace: PACE * workers }, context, mark)
  } finally {
    await deleting
  }
}

async function listIdle(
  deps: GcJobDeps,
  candidates: Candidates,
  state: State,
  context: TaskContext,
): Promise<void> {
  const scan = async (after: number) => {
    const { graceSeconds } = deps
    const { seen, idle, last } = await scanIdle(deps.db, deps.store, { after, limit: SCANNED, graceSeconds })
    return { idle: [...idle, ...(await candidates.freed(seen))].sort((a, b) => a - b), last }
  }
  await eachIdle(scan, { state, pace: Number.POSITIVE_INFINITY }, context, async (ids) => {
    const blobs = await describeBlobs(deps.db, ids)
    await candidates.addBlobs(blobs)
    for (const line of linesAbout('would delete', blobs, state.blobs)) context.log(line)
    state.blobs += blobs.length
    state.bytes += blobs.reduce((sum, blob) => sum + blob.size, 0)
    state.manifests += await countManifests(
      deps.db,
      blobs.map((blob) => blob.digest),
    )
  })
  const { artifacts, blobs, bytes } = state
  await candidates.close({ artifacts, blobs, bytes })
  const unsaid = Math.max(state.blobs - MOST_LOGGED, 0) + Math.max(state.artifacts - MOST_LOGGED, 0)
  if (unsaid > 0) context.log(`${unsaid} more are in the list of this run, under …/candidates`)
}

/** Names blobs, as long as so few have been `told` of. */
function linesAbout(
  verb: string,
  blobs: readonly { digest: string; size: number }[],
  told: number,
): string[] {
  const room = Math.max(MOST_LOGGED - told, 0)
  return blobs.slice(0, room).map(({ digest, size }) => `${verb} blob ${digest}, ${size} bytes`)
}

/** Goes through the blobs that are idle in batches, at most `pace` of them a second, and tells how far it is. */
async function eachIdle(
  scan: (after: number) => Promise<{ idle: number[]; last: number | undefined }>,
  { state, pace }: { state: State; pace: number },
  context: TaskContext,
  work: (ids: number[], after: number) => Promise<void>,
): Promise<void> {
  for (let after: number | undefined = state.after; after !== undefined; ) {
    context.signal.throwIfAborted()
    const { idle, last } = await scan(after)
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
    if (idle.length > 0 && blobs > MOST_LOGGED) context.log(`${blobs} blobs, ${bytes} bytes until now`)
    await context.report({ freed_space: bytes, purged_blobs: blobs, purged_manifests: manifests })
  }
}

/** Words of the system, not of the store's client, which may name addresses and keys. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'the store refuses'
}
