import type { TaskContext } from '../jobs/kind.ts'
import type { Database } from '../platform/db/database.ts'
import { MOST_LISTED, NOTHING, type ScrubResult } from './model.ts'

/** Where a run stands. */
interface State {
  phase: 'objects' | 'keys' | 'end'
  /** The last object, and the last key, that is done with. */
  after: number
  afterKey: string
  /** When the run began, whoever goes on with it. */
  begin: string
  result: ScrubResult
}

type Counts = { [K in keyof ScrubResult as ScrubResult[K] extends number ? K : never]?: number }
type Lists = { [K in keyof ScrubResult as ScrubResult[K] extends unknown[] ? K : never]?: ScrubResult[K] }

/** What a step of a run has come to, to be added to what was there. */
export type Step = Partial<Pick<State, 'phase' | 'after' | 'afterKey'>> & { counts?: Counts; lists?: Lists }

/** Keeps where a run stands, and what it has found. */
export interface Progress {
  readonly state: State
  /**
   * Keeps a step in the transaction that did it, and the line that tells of it: the step counts once `done` is called, and the line
   * is to be logged, after the commit.
   */
  keep(tx: Database, step: Step, line: string): Promise<void>
  done(step: Step): void
  /** Keeps all, and shows it. */
  save(): Promise<void>
  /** The same, if the last time is a while ago. */
  saveNowAndThen(): Promise<void>
}

const SAVE_MS = 2_000

/** Goes on where the task stands, or begins at `begin`, a time of the database. */
export function openProgress(context: TaskContext, begin: Date, now = () => performance.now()): Progress {
  const first: State = {
    phase: 'objects',
    after: 0,
    afterKey: '',
    begin: begin.toISOString(),
    result: NOTHING,
  }
  let state: State = { ...first, ...(context.task.state as State | undefined) }
  let saved = now()

  async function save(): Promise<void> {
    await context.save(state)
    await context.report({ ...state.result })
    saved = now()
  }

  return {
    get state() {
      return state
    },
    keep: (tx, step, line) => context.save(add(state, step), tx, [line]),
    done(step) {
      state = add(state, step)
    },
    save,
    async saveNowAndThen() {
      if (now() - saved > SAVE_MS) await save()
    },
  }
}

function add(state: State, { counts = {}, lists = {}, ...where }: Step): State {
  const sums = Object.entries(counts).map(([name, count]) => [
    name,
    state.result[name as keyof Counts] + count,
  ])
  const longer = Object.entries(lists).map(([name, list]) => [
    name,
    [...state.result[name as keyof Lists], ...list].slice(0, MOST_LISTED),
  ])

  return {
    ...state,
    ...where,
    result: { ...state.result, ...Object.fromEntries(sums), ...Object.fromEntries(longer) },
  }
}

/** A look and what was done about it, as one step. */
export function withStep(looked: Step, more: Step): Step {
  return { ...looked, ...more, counts: { ...looked.counts, ...more.counts } }
}
