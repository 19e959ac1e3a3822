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
    attempts: 3,
    async run(context) {
      const { repositoryId, projectId, dryRun, rules } = context.task.input as RetentionInput
      const place = await findPlace(deps.db, repositoryId)
      // Where it is now, other rules may hold.
      if (place?.projectId !== projectId) return context.log('the repository is gone')
      const verdicts = await readVerdicts(deps, place, rules)
      if (!verdicts)
        return context.log(`no rule is about ${place.projectName}/${place.name}: nothing is touched`)

      const done = readDone(context)
      const kept = verdicts.filter((verdict) => verdict.kept).length
      const total = verdicts.length + done.count
      await context.report({ total, retained: kept })
      context.log(`${place.projectName}/${place.name}: ${kept} of ${verdicts.length} artifacts are kept`)
      for (const { artifact, ...verdict } of verdicts) {
        context.signal.throwIfAborted()
        const outcome = verdict.kept
          ? `kept by ${reasonOf(rules, { artifact, ...verdict })}`
          : dryRun
            ? 'would be deleted'
            : await tryToDelete(deps, place, artifact, context, done)
        context.log(lineOf(artifact, outcome))
      }
      await tellOf(deps, place, context, done, { total, retained: kept })
    },
  }
}

/** What the task has deleted, also before it was interrupted. */
interface Done {
  count: number
  /** Those that are told. */
  deleted: { digest: string; tags: string[] }[]
  told: boolean
}

// Whoever wants to know them all has the log, and an event of each.
const MOST_TOLD = 1000
const MOST_TAGS_TOLD = 10

function readDone({ task }: TaskContext): Done {
  return { count: 0, deleted: [], told: false, ...(task.state as Partial<Done> | undefined) }
}

/** Tells once what the task has done, if it has done anything. */
async function tellOf(
  { db }: RetentionJobDeps,
  { id, name, projectId, projectName }: RetentionPlace,
  context: TaskContext,
  { count, deleted, told }: Done,
  counts: { total: number; retained: number },
): Promise<void> {
  if (count === 0 || told) return
  const { policyId, trigger, rules } = context.task.input as RetentionInput
  await db.transaction().execute(async (tx) => {
    await context.save({ count, deleted, told: true } satisfies Done, tx)
    const where = { projectId, projectName, repositoryId: id, repository: name }
    await emit(tx, {
      type: 'retention.applied',
      payload: { policyId, ...where, trigger, ...counts, rules, deleted },
    })
  })
}

/** What becomes of the artifacts of a repository at this moment. */
export async function readVerdicts(
  deps: RetentionJobDeps,
  place: RetentionPlace,
  rules: readonly RetentionRule[],
): Promise<Verdict[] | undefined> {
  const isImmutable = await deps.findImmutable(deps.db, place.projectId)
  return evaluate(rules, place.name, await listCandidates(deps.db, place, isImmutable), deps.now())
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
  const [now] = await listCandidates(deps.db, place, undefined, artifact.id)
  if (!now) return 'is gone already'
  if (signature(now) !== signature(artifact)) return 'stays: it has changed meanwhile'
  context.signal.throwIfAborted()
  try {
    const { id, name, projectId, projectName } = place
    const repository = { id, name, projectId }
    const after = {
      count: done.count + 1,
      deleted: [
        ...done.deleted,
        { digest: artifact.digest, tags: artifact.tags.slice(0, MOST_TAGS_TOLD) },
      ].slice(0, MOST_TOLD),
      told: false,
    }
    const deleted = await deleteArtifact(
      deps,
      { repository, projectName },
      artifact.digest,
      undefined,
      (tx) => context.save(after, tx, [lineOf(artifact, 'deleted')]),
    )
    if (!deleted) return 'is gone already'
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
