import type { StorageDriver, UploadState } from '../../../driver.ts'
import { readAll, readObject, sourceOf } from '../../../suite/bytes.ts'

/** What callers have been promised at some moment, and what is still under way. */
export interface Ledger {
  /** Acknowledged: must be there, whole. */
  stored: Map<string, Buffer>
  /** Under way, being stored or deleted: may be there; then whole, with one of these contents. */
  possible: Map<string, Buffer[]>
  /** Acknowledged bytes of uploads in progress: can be read and continued. */
  uploads: { state: UploadState; bytes: Buffer }[]
}

export function copyLedger({ stored, possible, uploads }: Ledger): Ledger {
  return {
    stored: new Map(stored),
    possible: new Map([...possible].map(([key, contents]) => [key, [...contents]])),
    uploads: uploads.map((upload) => ({ ...upload })),
  }
}

/** Answers the broken promises of a driver opened on what survived; it goes on working there as well. */
export async function brokenPromises(driver: StorageDriver, ledger: Ledger): Promise<string[]> {
  const broken: string[] = []
  const visible = await driver.list('', { limit: 1000 })

  for (const key of ledger.stored.keys()) {
    if (!visible.includes(key)) broken.push(`${key} was acknowledged and is lost`)
  }
  for (const key of visible) {
    const bytes = await readObject(driver, key)
    const stored = ledger.stored.get(key)
    const allowed = stored === undefined ? (ledger.possible.get(key) ?? []) : [stored]
    if (!allowed.some((content) => content.equals(bytes))) broken.push(`${key} is visible and wrong`)
  }
  for (const [index, { state, bytes }] of ledger.uploads.entries()) {
    const problem = await resume(driver, state, bytes, `resumed/${index}`)
    if (problem !== undefined) broken.push(`upload ${index}: ${problem}`)
  }

  return broken
}

async function resume(
  driver: StorageDriver,
  state: UploadState,
  bytes: Buffer,
  key: string,
): Promise<string | undefined> {
  try {
    const held = await readAll(await driver.readUpload(state, bytes.length))
    if (!held.equals(bytes)) return 'acknowledged bytes are wrong'
    const appended = await driver.append(state, bytes.length, sourceOf([Buffer.from('tail')]))
    await driver.finishUpload(appended.state, bytes.length + 4, key)
    const whole = await readObject(driver, key)
    return whole.equals(Buffer.concat([bytes, Buffer.from('tail')])) ? undefined : 'resumed wrongly'
  } catch (error) {
    return String(error)
  }
}
