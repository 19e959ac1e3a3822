import { setTimeout } from 'node:timers/promises'
import type { JobKind, TaskContext } from '../../../jobs/kind.ts'
import type { Database } from '../../../platform/db/database.ts'
import { transact } from '../../../platform/db/transact.ts'
import { DomainError } from '../../../platform/errors.ts'
import type { QuotaPolicy } from '../../../quotas/count.ts'
import { holdProject, lockNames } from '../../../repositories/names/store.ts'
import { abandonRestoration, holdRestoration, lockRestoration } from '../../../repositories/trash-store.ts'
import { countAgain } from '../../count-again.ts'
import { countArtifactRows, findNextArtifacts, listOfferedBlobs } from '../../reference-store.ts'
import { REPOSITORY_RESTORE, type RestoreInput } from './model.ts'
import { bringBack } from './service.ts'

const BATCH = 500
const LONGEST_PAUSE = 200

export interface RestoreJobDeps {
  db: Database
  quotas: QuotaPolicy
  /** Has what was counted in vain given back soon. */
  onDeleted(): void
}

/** Where a run stands; kept in the transaction that did what it tells of. */
interface State {
  /** The digest of the last artifact whose blobs count. */
  after: string
  done: number
  /** The repository is there again. */
  finished: boolean
}

/**
 * Restores a large repository: its blobs are counted in batches, then it is shown, at once. Where that fails, for want of room
 * first of all, or where it is stopped, it stays in the trash as it was.
 */
export function repositoryRestore(deps: RestoreJobDeps): JobKind {
  return {
    name: REPOSITORY_RESTORE,
    limit: 2,
    attempts: 1,
    async run(context) {
      const input = context.task.input as RestoreInput
      const { repositoryId } = input
      const state: State = {
        after: '',
        done: 0,
        finished: false,
        ...(context.task.state as State | undefined),
      }
      if (state.finished) return context.log('the repository is restored')
      try {
        await count(deps, input, state, context)
        await finish(deps, input, state, context)
        context.log(`the repository is restored, with ${state.done} artifacts`)
      } catch (error) {
        const { signal } = context
        // Another worker goes on, or this one later.
        if (signal.aborted && signal.reason !== 'stop') throw error
        await abandon(deps, repositoryId, state, context)
        throw error
      }
    },
  }
}

async function count(
  deps: RestoreJobDeps,
  input: RestoreInput,
  state: State,
  context: TaskContext,
): Promise<void> {
  const { repositoryId, projectId } = input
  const total = await countArtifactRows(deps.db, repositoryId)
  context.log(`counts the blobs of ${total} artifacts, beginning behind ${state.done} of them`)
  for (let found = BATCH; found === BATCH; ) {
    context.signal.throwIfAborted()
    const begin = performance.now()
    const counted = await transact(deps.db, async (tx) => {
      if (!(await holdRestoration(tx, repositoryId, context.task.executionId))) throw notOurs()
      if (!(await holdProject(tx, projectId))) throw projectGone()
      const artifacts = await findNextArtifacts(tx, repositoryId, state.after, BATCH)
      const ids = artifacts.map((artifact) => artifact.id)
      await countAgain(tx, deps.quotas, projectId, await listOfferedBlobs(tx, repositoryId, ids))
      const after = artifacts.at(-1)?.digest ?? state.after
      const next = { ...state, after, done: state.done + ids.length }
      await context.save(next, tx)
      return { found: ids.length, next }
    })
    found = counted.found
    Object.assign(state, counted.next)
    await context.report({ total, done: state.done })
    // Whoever pushes and pulls meanwhile has half the time for himself.
    await setTimeout(Math.min(performance.now() - begin, LONGEST_PAUSE))
  }
}

async function finish(
  deps: RestoreJobDeps,
  input: RestoreInput,
  state: State,
  context: TaskContext,
): Promise<void> {
  const { repositoryId, projectId } = input
  context.signal.throwIfAborted()
  await transact(deps.db, async (tx) => {
    await lockNames(tx)
    const name = await lockRestoration(tx, repositoryId, context.task.executionId)
    if (name === undefined) throw notOurs()
    if (!(await holdProject(tx, projectId))) throw projectGone()
    await bringBack(tx, input, name)
    await context.save({ ...state, finished: true }, tx)
  })
}

/** As long as the task is ours: whoever has it now goes on, and must find what we have left. */
async function abandon(
  deps: RestoreJobDeps,
  repositoryId: number,
  state: State,
  context: TaskContext,
): Promise<void> {
  await transact(deps.db, async (tx) => {
    await abandonRestoration(tx, repositoryId, context.task.executionId)
    await context.save(state, tx)
  })
  deps.onDeleted()
}

function notOurs(): DomainError {
  return new DomainError('conflict', 'the repository is not being restored any more')
}

function projectGone(): DomainError {
  return new DomainError('not-found', 'the project is gone')
}
