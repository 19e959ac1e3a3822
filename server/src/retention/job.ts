import { deleteArtifact } from '../artifacts/deletion.ts'
import type { ArtifactsDeps } from '../artifacts/service.ts'
import type { JobKind, TaskContext } from '../jobs/kind.ts'
import { startExecution } from '../jobs/service.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import { evaluate, type RetentionCandidate, type Verdict } from './evaluate.ts'
import { nameOfRule, type RetentionPolicy, type RetentionRule } from './model.ts'
import { findPlace, findPolicy, listCandidates, listPlaces, type RetentionPlace } from './store.ts'

/** Harbor's name for it. */
export const RETENTION = 'RETENTION'

interface RetentionInput {
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
      input: { repositoryId: place.id, projectId: place.projectId, dryRun, rules: policy.rules },
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

      const kept = verdicts.filter((verdict) => verdict.kept).length
      await context.report({ total: verdicts.length, retained: kept })
      context.log(`${place.projectName}/${place.name}: ${kept} of ${verdicts.length} artifacts are kept`)
      for (const { artifact, ...verdict } of verdicts) {
        context.signal.throwIfAborted()
        const outcome = verdict.kept
          ? `kept by ${reasonOf(rules, { artifact, ...verdict })}`
          : dryRun
            ? 'would be deleted'
            : await tryToDelete(deps, place, artifact, context)
        context.log(`${artifact.digest} [${artifact.tags.join(', ')}] ${outcome}`)
      }
    },
  }
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
): Promise<string> {
  const [now] = await listCandidates(deps.db, place, undefined, artifact.id)
  if (!now) return 'is gone already'
  if (signature(now) !== signature(artifact)) return 'stays: it has changed meanwhile'
  context.signal.throwIfAborted()
  try {
    const { id, name, projectId, projectName } = place
    const repository = { id, name, projectId }
    const deleted = await deleteArtifact(deps, { repository, projectName }, artifact.digest, undefined)
    return deleted ? 'deleted' : 'is gone already'
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return `stays: ${error.message}`
  }
}

function signature({ tags, labels, pushTime, pullTime }: RetentionCandidate): string {
  return JSON.stringify([tags, labels, pushTime, pullTime])
}
