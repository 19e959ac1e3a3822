import type { KyselyPlugin } from 'kysely'
import type { Database } from './database.ts'

/** PostgreSQL has found a circle of waiting transactions and ended this one. */
const DEADLOCK = '40P01'
const ATTEMPTS = 5

/** A transaction that the database has ended because of a circle of locks; without a word of what it was doing. */
export interface Circle {
  /** 1 for the first time. */
  attempt: number
  /** Whether it begins again, or the caller gets the error. */
  again: boolean
  /** The table whose row it waited for, where PostgreSQL says so. */
  table: string | undefined
  /** Who waited for whom, by process and lock. */
  waits: string | undefined
}

class CircleWatch implements KyselyPlugin {
  readonly onCircle: (circle: Circle) => void

  constructor(onCircle: (circle: Circle) => void) {
    this.onCircle = onCircle
  }

  transformQuery: KyselyPlugin['transformQuery'] = ({ node }) => node
  transformResult: KyselyPlugin['transformResult'] = async ({ result }) => result
}

/** The same database, which calls `onCircle` whenever `transact` meets a circle: each is an order of locks to mend. */
export function watchCircles(db: Database, onCircle: (circle: Circle) => void): Database {
  return db.withPlugin(new CircleWatch(onCircle))
}

/** Thrown by `work` that finds rows which were not there to lock when it began: it is run again, and finds them. */
export class Overtaken extends Error {
  constructor() {
    super('others have been faster, again and again')
    this.name = 'Overtaken'
  }
}

/**
 * Runs `work` in a transaction, and again where the database ended it because of a circle, or where it says that it was
 * overtaken. `work` may run several times: what it does outside the database must bear that.
 */
export async function transact<Result>(
  db: Database,
  work: (tx: Database) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (error instanceof Overtaken && attempt < ATTEMPTS) continue
      if (!(error instanceof Error && 'code' in error && error.code === DEADLOCK)) throw error
      const again = attempt < ATTEMPTS
      tell(db, { attempt, again, ...placeOf(error) })
      if (!again) throw error
    }
  }
}

function tell(db: Database, circle: Circle): void {
  for (const plugin of db.getExecutor().plugins) {
    if (plugin instanceof CircleWatch) plugin.onCircle(circle)
  }
}

/** The error's `where` may quote a statement behind the line that names the table: that line alone is taken. */
function placeOf(error: Error & { where?: unknown; detail?: unknown }): Pick<Circle, 'table' | 'waits'> {
  return {
    table: /^while .* in relation "([^"]+)"/m.exec(String(error.where))?.[1],
    waits: typeof error.detail === 'string' ? error.detail : undefined,
  }
}
