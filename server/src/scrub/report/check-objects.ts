import type { Database } from '../../platform/db/database.ts'
import type { StorageDriver } from '../../storage/driver.ts'
import { ObjectMissingError } from '../../storage/errors.ts'
import { hashObject } from '../hash-object.ts'
import { inParallel } from '../in-parallel.ts'
import { OTHER_REGISTRY, readKey } from '../keys.ts'
import type { Pace } from '../pace.ts'
import type { Findings } from './model.ts'
import { findNeedy, findStray, type ObjectRow, pageObjects, statesByKey } from './objects-store.ts'
import { findUnknown, sizeOf, waitForTransactions } from './unknown-keys.ts'

const OBJECTS = 1_000
const KEYS = 2_000
const NEEDY = 20
const STALE = 10_000

export interface ObjectsDeps {
  db: Database
  storage: StorageDriver
  /** Name of the store in `blob_objects`. */
  store: string
  /** Reads every object to its end, at this pace. */
  rehash: Pace | undefined
  /** How long an open transaction is waited for that may know an object which no row knows. */
  patienceMilliseconds: number
}

/**
 * From rows to the store. An object is in the store before its row says so, and its row is changed before it is deleted:
 * so what a row says both before and after a look must have been there.
 */
export async function checkObjects(
  deps: ObjectsDeps,
  findings: Findings,
): Promise<{ objects: number; bytes: number; hashedBytes: number }> {
  const sum = { objects: 0, bytes: 0, hashedBytes: 0 }
  for (let after = 0; ; ) {
    const page = await pageObjects(deps.db, deps.store, after, OBJECTS)
    const stored = page.filter(({ state }) => state === 'stored')
    const suspects = await inParallel(stored, async (row) => {
      sum.objects += 1
      const size = (await deps.storage.stat(row.key))?.size
      sum.bytes += size ?? 0
      if (size === undefined) return { row, fault: 'missing' as const, detail: {} }
      if (size !== row.size) {
        return { row, fault: 'wrong-size' as const, detail: { detail: `the object has ${size} bytes` } }
      }
      return deps.rehash && (await rehash(deps, row, deps.rehash, sum))
    })
    await confirm(deps, suspects, findings)
    after = page.at(-1)?.id ?? after
    if (page.length < OBJECTS) return sum
  }
}

type Suspect = {
  row: ObjectRow
  fault: 'missing' | 'wrong-size' | 'damaged' | 'unreadable'
  detail: { detail?: string }
}

async function rehash(
  { storage }: ObjectsDeps,
  row: ObjectRow,
  pace: Pace,
  sum: { hashedBytes: number },
): Promise<Suspect | undefined> {
  try {
    const { digest, bytes } = await hashObject(storage, row.key, row.digest, pace)
    sum.hashedBytes += bytes
    return digest === row.digest
      ? undefined
      : { row, fault: 'damaged', detail: { detail: `hashes to ${digest}` } }
  } catch (error) {
    const fault = error instanceof ObjectMissingError ? 'missing' : 'unreadable'
    return { row, fault, detail: {} }
  }
}

/** What collection has taken since is no fault. */
async function confirm(deps: ObjectsDeps, suspects: readonly Suspect[], findings: Findings): Promise<void> {
  const keys = suspects.map(({ row }) => row.key)
  const states = keys.length === 0 ? new Map<string, string>() : await statesByKey(deps.db, deps.store, keys)
  for (const { row, fault, detail } of suspects) {
    if (states.get(row.key) !== 'stored') continue
    const { digest, key, size } = row
    findings.add(fault, {
      digest,
      key,
      size,
      ...detail,
      neededBy: await findNeedy(deps.db, row.blobId, NEEDY),
    })
  }
}

/** From the store to rows: objects that no row knows, or that should not be there. */
export async function checkKeys(deps: ObjectsDeps, findings: Findings): Promise<{ keys: number }> {
  // Its blobs may be somebody else's.
  const isShared = (await deps.storage.list(OTHER_REGISTRY, { limit: 1 })).length > 0
  let keys = 0
  for (let after = ''; ; ) {
    const page = await deps.storage.list('', { ...(after !== '' && { after }), limit: KEYS })
    keys += page.length
    await judge(deps, await findUnknown(deps, page), isShared, findings)
    after = page.at(-1) ?? after
    if (page.length < KEYS) return { keys }
  }
}

/** What they are, once it is certain that no row will know them. */
async function judge(
  deps: ObjectsDeps,
  suspects: Map<string, string | undefined>,
  isShared: boolean,
  findings: Findings,
): Promise<void> {
  if (suspects.size === 0) return
  const settled = await waitForTransactions(deps.db, deps.patienceMilliseconds)
  const unknown = await findUnknown(deps, [...suspects.keys()])
  await inParallel([...unknown], async ([key, state]) => {
    const meaning = readKey(key)
    const size = await sizeOf(deps.storage, key)
    if (size === undefined) return undefined
    const found = {
      key,
      ...(size >= 0 && { size }),
      ...(meaning.kind === 'blob' && { digest: meaning.digest }),
    }
    if (state === 'deleted') findings.add('leftover', found)
    else if (state === 'lost') findings.add('returned', found)
    else if (meaning.kind === 'foreign' || (meaning.kind === 'blob' && isShared))
      findings.add('foreign', found)
    else findings.add(settled ? 'orphan' : 'undecided', found)
    return undefined
  })
}

/** Uploads that nobody has touched for a while and that no session knows. */
export async function countStrayUploads(
  { db, storage, store }: ObjectsDeps,
  seconds: number,
): Promise<number> {
  const states = await storage.staleUploads(new Date(Date.now() - seconds * 1000), STALE)
  return states.length === 0 ? 0 : await findStray(db, store, states)
}
