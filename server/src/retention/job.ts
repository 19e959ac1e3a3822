import { deleteArtifact } from '../artifacts/deletion.ts'
import type { ArtifactsDeps } from '../artifacts/service.ts'
import type { JobKind, TaskContext } from '../jobs/kind.ts'
import { startExecution } from '../jobs/service.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { evaluate, type RetentionCandidate, type Verdict } from './evaluate.ts'
import { nameOfRule, type RetentionPolicy, type RetentionRule } from './model.ts'
import { findPlace, findPolicy, listCandidates, listPlaces, type RetentionPlace } from './store.ts'

/** Harbor's name for it. */
export const RETENTION = 'RETENTION'

interface RetentionInput {
  policyId: number
  trigger: 'MANUAL' | 'SCHEDULE'
  repositoryId: number
  projectId: number
  dryRun: boolean
  /** As they were when the run was ordered. */
  rules: RetentionRule[]
}

/** How often it is tried where it fails. */
const ATTEMPTS = 3

export type RetentionJobDeps = Pick<ArtifactsDeps, 'db' | 'trashDays' | 'findImmutable'> & { now(): Date }

/** Orders a run, one task for each repository, within the transaction; answers its id. */
export async function startRetention(
  tx: Database,
  policy: RetentionPolicy,
  { dryRun, trigger }: { dryRun: boolean; trigger: 'MANUAL' | 'SCHEDULE' },
): Promise<number> {
  const places = await listPlaces(tx, policy.projectId)
  return await startExecution(tx, {
    vendorType: RETENTION,
    vendorId: policy.id,
    trigger,
    attributes: { dry_run: dryRun },
    tasks: places.map((place) => ({
      kind: RETENTION,
      input: {
        policyId: policy.id,
        trigger,
        repositoryId: place.id,
        projectId: place.projectId,
        dryRun,
        rules: policy.rules,
      } satisfies RetentionInput,
      attributes: {
        repository: policy.projectId === undefined ? `${place.projectName}/${place.name}` : place.name,
      },
    })),
  })
}

/** What a schedule starts. */
export async function startScheduledRetention(tx: Database, schedule: { vendorId: number }): Promise<void> {
  const policy = await findPolicy(tx, schedule.vendorId)
  if (policy) await startRetention(tx, policy, { dryRun: false, trigger: 'SCHEDULE' })
}

/** Keeps what the rules keep in a repository, and deletes the rest, each artifact in a transaction of its own. */
export function retention(deps: RetentionJobDeps): JobKind {
  return {
    name: RETENTION,
    limit: 4,
    attempts: ATTEMPTS,
    async run(context) {
      const { repositoryId, projectId, dryRun, rules } = context.task.input as RetentionInput
      const place = await findPlace(deps.db, repositoryId)
      // Where it is now, other rules may hold.
      if (place?.projectId !== projectId) return context.log('the repository is gone')
      const done = await readDone(deps, context)
      const verdicts = await readVerdicts(deps, place, rules, done.again ? new Date(done.judged) : undefined)
      if (!verdicts)
        return context.log(`no rule is about ${place.projectName}/${place.name}: nothing is touched`)

      const kept = verdicts.filter((verdict) => verdict.kept).length
      const total = done.total ?? verdicts.length
      done.total = total
      await context.report({ total, retained: total - done.count - (verdicts.length - kept) })
      context.log(`${place.projectName}/${place.name}: ${kept} of ${verdicts.length} artifacts are kept`)
      let stay = kept
      try {
        for (const { artifact, ...verdict } of verdicts) {
          context.signal.throwIfAborted()
          const outcome = verdict.kept
            ? `kept by ${reasonOf(rules, { artifact, ...verdict })}`
            : dryRun
              ? 'would be deleted'
              : await tryToDelete(deps, place, artifact, context, done)
          if (outcome.startsWith('stays')) stay += 1
          context.log(lineOf(artifact, outcome))
        }
      } catch (error) {
        const result = dryRun ? undefined : resultOf(context)
        const counts = { total, retained: total - done.count }
        // That it cannot be told is not why it ended.
        if (result) await tellEnd(deps, place, context, done, { ...counts, result }).catch(() => undefined)
        throw error
      }
      // What has changed since it was judged stayed after all.
      const retained = done.again ? total - done.count : stay
      if (!dryRun) await context.report({ total, retained })
      await tellOf(deps, place, context, done, { total, retained })
    },
  }
}

async function tellEnd(
  deps: RetentionJobDeps,
  place: RetentionPlace,
  context: TaskContext,
  done: Done,
  counts: { total: number; retained: number; result: 'STOPPED' | 'ERROR' },
): Promise<void> {
  await context.report({ total: counts.total, retained: counts.retained })
  await tellOf(deps, place, context, done, counts)
}

/** The end of a task that does not come to its own; undefined where somebody goes on with it. */
function resultOf({ signal, task }: TaskContext): 'STOPPED' | 'ERROR' | undefined {
  if (signal.aborted) return signal.reason === 'stop' ? 'STOPPED' : undefined
  return task.failures + 1 >= ATTEMPTS ? 'ERROR' : undefined
}

/** What the task has done, also before it was interrupted. */
interface Done {
  /** When it was judged; who goes on judges as of then. */
  judged: string
  /** How many artifacts were judged. */
  total?: number
  count: number
  /** Those that are told. */
  deleted: { digest: string; tags: string[] }[]
  told: boolean
}

// Whoever wants to know them all has the log, and an event of each.
const MOST_TOLD = 1000
const MOST_TAGS_TOLD = 10

/** How far the task is; it goes on `again` after an interruption. The moment of judging is kept before anything is deleted. */
async function readDone(deps: RetentionJobDeps, context: TaskContext): Promise<Done & { again: boolean }> {
  const before = context.task.state as Done | undefined
  if (before) return { ...before, again: true }
  const done = { judged: deps.now().toISOString(), count: 0, deleted: [], told: false }
  await context.save(done satisfies Done)
  return { ...done, again: false }
}

/** Tells once what the task has done, if it has done anything. */
async function tellOf(
  { db }: RetentionJobDeps,
  { id, name, projectId, projectName }: RetentionPlace,
  context: TaskContext,
  done: Done,
  counts: { total: number; retained: number; result?: 'STOPPED' | 'ERROR' },
): Promise<void> {
  const { count, deleted, told } = done
  if (count === 0 || told) return
  const { policyId, trigger, rules } = context.task.input as RetentionInput
  await db.transaction().execute(async (tx) => {
    await context.save({ ...stateOf(done), told: true } satisfies Done, tx)
    const where = { projectId, projectName, repositoryId: id, repository: name }
    await emit(tx, {
      type: 'retention.applied',
      payload: { policyId, ...where, trigger, ...counts, rules, deleted },
    })
  })
}

function stateOf({ judged, total, count, deleted, told }: Done): Done {
  return { judged, ...(total === undefined ? {} : { total }), count, deleted, told }
}

/**
 * What becomes of the artifacts of a repository at this moment. With `judged`, as of then: what has come, was moved to or pulled
 * since is left out, and stays. So whoever goes on after an interruption deletes nothing that was kept before it.
 */
export async function readVerdicts(
  deps: RetentionJobDeps,
  place: RetentionPlace,
  rules: readonly RetentionRule[],
  judged?: Date,
): Promise<Verdict[] | undefined> {
  const isImmutable = await deps.findImmutable(deps.db, place.projectId)
  const all = await listCandidates(deps.db, place, isImmutable)
  const asOf =
    judged && all.filter(({ pushTime, pullTime }) => pushTime <= judged && !(pullTime && pullTime > judged))
  return await evaluate(rules, place.name, asOf ?? all, judged ?? deps.now())
}

/** Why an artifact is kept. */
export function reasonOf(rules: readonly RetentionRule[], { artifact, by }: Verdict): string {
  const names = by.map((index) => nameOfRule(rules[index] as RetentionRule, index))
  return [...(artifact.immutable ? ['an immutable tag'] : []), ...names].join(', ')
}

/** Somebody may have tagged, pulled or protected it since it was judged: then it stays until the next run. */
async function tryToDelete(
  deps: RetentionJobDeps,
  place: RetentionPlace,
  artifact: RetentionCandidate,
  context: TaskContext,
  done: Done,
): Promise<string> {
  const { id, name, projectId, projectName } = place
  const told = { digest: artifact.digest, tags: artifact.tags.slice(0, MOST_TAGS_TOLD) }
  const after = {
    ...stateOf(done),
    count: done.count + 1,
    deleted: [...done.deleted, told].slice(0, MOST_TOLD),
    told: false,
  }
  let changed = false
  try {
    const where = { repository: { id, name, projectId }, projectName }
    const deleted = await deleteArtifact(deps, where, artifact.digest, undefined, {
      async onlyIf(tx) {
        const [now] = await listCandidates(tx, place, undefined, artifact.id)
        changed = now === undefined || signature(now) !== signature(artifact)
        return !changed
      },
      also: (tx) => context.save(after, tx, [lineOf(artifact, 'deleted')]),
    })
    if (!deleted) return changed ? 'stays: it has changed meanwhile' : 'is gone already'
    Object.assign(done, after)
    return 'deleted'
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return `stays: ${error.message}`
  }
}

function lineOf({ digest, tags }: RetentionCandidate, outcome: string): string {
  return `${digest} [${tags.join(', ')}] ${outcome}`
}

function signature({ tags, labels, pushTime, pullTime }: RetentionCandidate): string {
  return JSON.stringify([tags, labels, pushTime, pullTime])
}
