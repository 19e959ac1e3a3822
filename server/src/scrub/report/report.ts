import { checkKeys, checkObjects, countStrayUploads, type ObjectsDeps } from './check-objects.ts'
import { checkRows, type RowsOptions } from './check-rows.ts'
import { createFindings, type Report } from './model.ts'
import { withSnapshot } from './rows-store.ts'

/** At most so many cases of each fault are told one by one. */
const MOST_CASES = 1_000
/** An upload that nobody has touched for so long, and that no session knows, was left behind. */
const STRAY_SECONDS = 60

/**
 * Compares database and store, both ways, and the database with itself. It changes nothing, and is right beside a running
 * server too. Nothing of what writes them is used here, but the driver that reads the store.
 */
export async function makeReport(deps: ObjectsDeps, options: Omit<RowsOptions, 'store'>): Promise<Report> {
  const findings = createFindings(MOST_CASES)
  const rows = await withSnapshot(deps.db, (tx) => checkRows(tx, { ...options, store: deps.store }, findings))
  const objects = await checkObjects(deps, findings)
  const keys = await checkKeys(deps, findings)
  const strayUploads = await countStrayUploads(deps, STRAY_SECONDS)
  const faults = findings.all()

  return {
    agree: Object.keys(faults).length === 0,
    faults,
    checked: { ...rows.checked, ...objects, ...keys },
    also: { ...rows.also, strayUploads },
    projects: rows.projects,
  }
}
