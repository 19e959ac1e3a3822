import type { Actor } from '../access/model.ts'
import type { Database } from '../platform/db/database.ts'
import type { Order, Page } from '../platform/db/list.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { checkStorageLimit } from '../projects/model.ts'
import { findById, setStorageLimit } from '../projects/store.ts'
import { shareAnew } from './count.ts'
import { countQuotas, type QuotaField, selectQuotas } from './list-store.ts'
import type { Quota } from './model.ts'

export interface QuotasDeps {
  db: Database
}

/** One page of the quotas of all projects, or of one, and how many there are. */
export async function listQuotas(
  deps: QuotasDeps,
  request: { projectId: number | undefined; orders: readonly Order<QuotaField>[]; page: Page },
): Promise<{ quotas: Quota[]; total: number }> {
  const [quotas, total] = await Promise.all([
    selectQuotas(deps.db, request.projectId, request.orders, request.page),
    countQuotas(deps.db, request.projectId),
  ])
  return { quotas, total }
}

/** The quota of that id; throws not-found. */
export async function getQuota(deps: QuotasDeps, id: number): Promise<Quota> {
  const [quota] = await selectQuotas(deps.db, id, [], { offset: 0, limit: 1 })
  if (!quota) throw notFound(id)
  return quota
}

/**
 * Limits what a project may hold, -1 for no limit. A limit below what it holds already keeps it from growing. Pushes
 * that are being committed are waited for. Throws bad-request and not-found.
 */
export async function changeLimit(
  deps: QuotasDeps,
  id: number,
  hard: Readonly<Record<string, number>>,
  actor: Actor,
): Promise<void> {
  const limit = storageOf(hard)
  await deps.db.transaction().execute(async (tx) => {
    const project = await findById(tx, id, 'update')
    if (!project) throw notFound(id)
    checkStorageLimit(limit)
    await setStorageLimit(tx, id, limit)
    await shareAnew(tx, id)
    await emit(tx, {
      type: 'quota.updated',
      payload: { projectId: id, projectName: project.name, limit, formerLimit: project.storageLimit, actor },
    })
  })
}

function storageOf(hard: Readonly<Record<string, number>>): number {
  const unknown = Object.keys(hard).find((resource) => resource !== 'storage')
  if (unknown !== undefined) throw new DomainError('bad-request', `resource ${unknown} not support`)
  if (hard.storage === undefined) throw new DomainError('bad-request', 'resource storage not found')
  return hard.storage
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `quota ${id} not found`)
}
