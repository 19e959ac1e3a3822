import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import { emit } from '../platform/events/outbox.ts'

/** Something that a project had no room for. */
export interface QuotaRefusal {
  project: { id: number; name: string }
  /** Without the project. */
  repository: string
  /** Where it was a manifest. */
  tag: string | undefined
  digest: string | undefined
  actor: Actor | undefined
  /** What the client heard. */
  message: string
}

/** Tells of refusals; resolves at once where it has just told of the repository. */
export type TellRefusal = (refusal: QuotaRefusal) => Promise<void>

/** A client tries each layer several times: that is told once. */
const QUIET_MILLISECONDS = 10_000
const MOST_REMEMBERED = 10_000

/** Writes an event of its own, for what was to be changed was not. */
export function createRefusals(deps: { db: Database; now(): Date }): TellRefusal {
  const told = new Map<string, number>()

  return async ({ project, actor, ...refusal }) => {
    const now = deps.now().getTime()
    const key = `${project.id}/${refusal.repository}`
    if (now - (told.get(key) ?? 0) < QUIET_MILLISECONDS) return
    if (told.size >= MOST_REMEMBERED) told.clear()
    told.set(key, now)
    const payload = { projectId: project.id, projectName: project.name, ...refusal, actor }
    await deps.db.transaction().execute((tx) => emit(tx, { type: 'quota.exceeded', payload }))
  }
}
