import type { Database } from '../../platform/db/database.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { listStored, lockStored, putStored } from '../store.ts'

/** Vulnerabilities that are tolerated in every project that has no list of its own. */
export interface SystemAllowlist {
  items: readonly string[]
  /** Seconds since 1970; undefined: for good. */
  expiresAt?: number
  creationTime: Date
  updateTime: Date
}

export interface AllowlistDeps {
  db: Database
  now(): Date
}

/** The row among the settings. It is none of them: nothing asks for it at every request. */
const ROW = 'cve_allowlist'

interface Stored {
  items: string[]
  expiresAt?: number
  creationTime: string
  updateTime: string
}

/** The list; undefined where nobody has written one yet. */
export async function findAllowlist({ db }: AllowlistDeps): Promise<SystemAllowlist | undefined> {
  const stored = (await listStored(db)).get(ROW) as Stored | undefined
  return (
    stored && {
      ...stored,
      creationTime: new Date(stored.creationTime),
      updateTime: new Date(stored.updateTime),
    }
  )
}

/** Puts a list in place of the one before. Throws bad-request where it names something twice. */
export async function replaceAllowlist(
  { db, now }: AllowlistDeps,
  items: readonly string[],
  expiresAt: number | undefined,
  actor: { id: number; username: string },
): Promise<void> {
  const seen = new Set<string>()
  const twice = items.find((item) => seen.size === seen.add(item).size)
  if (twice !== undefined) throw new DomainError('bad-request', `${twice} is in the allow list twice`)

  await db.transaction().execute(async (tx) => {
    await lockStored(tx)
    const before = (await listStored(tx)).get(ROW) as Stored | undefined
    const time = now()
    const list: Stored = {
      items: [...items],
      ...(expiresAt === undefined ? {} : { expiresAt }),
      creationTime: before?.creationTime ?? time.toISOString(),
      updateTime: time.toISOString(),
    }
    await putStored(tx, new Map([[ROW, list]]), time)
    await emit(tx, { type: 'cve_allowlist.updated', payload: { items: items.length, actor } })
  })
}
