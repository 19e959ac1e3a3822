import type { Actor } from '../access/model.ts'
import { doomQuarantined, lockBlobRow, serveObject } from '../blobs/quarantine-store.ts'
import { deleteObjects } from '../gc/collect.ts'
import type { Filter, Order, Page } from '../platform/db/list.ts'
import { transact } from '../platform/db/transact.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { ObjectMissingError } from '../storage/errors.ts'
import type { FindingEvent } from './events.ts'
import {
  endFinding,
  type FindingField,
  findFinding,
  findNeedyOf,
  lockOpenFinding,
  selectFindings,
} from './findings-store.ts'
import { hashObject } from './hash-object.ts'
import type { Finding } from './model.ts'
import { createPace } from './pace.ts'
import { MOST_NEEDY, type ScrubDeps } from './settle-object.ts'

/** A finding and the artifacts that need it, the first ones. */
export interface ShownFinding {
  finding: Finding
  neededBy: string[]
}

/** One page of the findings, and how many there are. */
export async function listFindings(
  deps: ScrubDeps,
  list: { filters: Filter<FindingField>[]; orders: Order<FindingField>[]; page: Page },
): Promise<{ findings: ShownFinding[]; total: number }> {
  const { findings, total } = await selectFindings(deps.db, deps.store, list)
  const needy = await findNeedyOf(
    deps.db,
    findings.flatMap(({ blobId }) => blobId ?? []),
    MOST_NEEDY,
  )

  return {
    findings: findings.map((finding) => ({ finding, neededBy: needy.get(finding.blobId ?? 0) ?? [] })),
    total,
  }
}

/**
 * Puts an object out of quarantine, or one that is there again, back in its place, if its bytes are right and the blob has
 * no others. Throws not-found, bad-request, precondition-failed.
 */
export async function restoreFinding(deps: ScrubDeps, id: number, actor: Actor): Promise<void> {
  const { key, digest, blobId, objectId } = await getOpen(deps, id)
  if (digest === undefined || blobId === undefined || objectId === undefined) {
    throw new DomainError('bad-request', `finding ${id} is no blob: there is nothing to restore`)
  }
  const size = await checkBytes(deps, key, digest)
  await transact(deps.db, async (tx) => {
    await lockBlobRow(tx, blobId)
    const finding = await lockOpenFinding(tx, id)
    if (!finding) throw notFound(id)
    if (!(await serveObject(tx, { id: objectId, blobId, store: deps.store, size }))) {
      throw new DomainError('precondition-failed', `blob ${digest} has its bytes already`)
    }
    await endFinding(tx, deps.store, key, 'restored')
    await emit(tx, { type: 'finding.restored', payload: payloadOf(finding, actor) })
  })
}

/**
 * Ends a finding: bytes in quarantine go at once; of a blob that was lost nobody is told any more. Throws not-found,
 * bad-request.
 */
export async function discardFinding(deps: ScrubDeps, id: number, actor: Actor): Promise<void> {
  if ((await getOpen(deps, id)).kind === 'foreign') {
    throw new DomainError(
      'bad-request',
      `finding ${id} is not ours: whoever has put it there may take it away`,
    )
  }
  const objects = await transact(deps.db, async (tx) => {
    const finding = await lockOpenFinding(tx, id)
    if (!finding) throw notFound(id)
    const { key, objectId } = finding
    if (objectId === undefined) await deps.storage.delete(key, { durable: true })
    const doomed = await doomQuarantined(tx, objectId === undefined ? [] : [objectId])
    await endFinding(tx, deps.store, key, 'discarded')
    await emit(tx, { type: 'finding.discarded', payload: payloadOf(finding, actor) })
    return doomed
  })
  // What the store refuses stays marked, and collection tries it again.
  await deleteObjects({ ...deps, graceSeconds: 0 }, objects, 1, () => undefined, { durable: true })
}

/** The bytes of an object that is what it should be. */
async function checkBytes({ storage }: ScrubDeps, key: string, digest: string): Promise<number> {
  try {
    const actual = await hashObject(storage, key, digest, createPace(undefined))
    if (actual.digest === digest) return actual.bytes
    throw new DomainError('precondition-failed', `the object has digest ${actual.digest}, not ${digest}`)
  } catch (error) {
    if (error instanceof ObjectMissingError) {
      throw new DomainError('precondition-failed', `the object of ${digest} is not there`)
    }
    throw error
  }
}

async function getOpen(deps: ScrubDeps, id: number): Promise<Finding> {
  const finding = await findFinding(deps.db, id)
  if (finding?.state !== 'open') throw notFound(id)
  return finding
}

function payloadOf({ id, kind, key, digest }: Finding, actor: Actor): FindingEvent {
  return { findingId: id, kind, key, digest, actor }
}

function notFound(id: number): DomainError {
  return new DomainError('not-found', `open finding ${id} not found`)
}
