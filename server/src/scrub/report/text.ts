import type { Case, Report } from './model.ts'

/** So many cases of each fault are printed. */
const MOST_LINES = 20

/** A report for people. */
export function reportText({ agree, faults, checked, also }: Report): string {
  const lines = [
    `${checked.objects} objects of ${checked.bytes} bytes, ${checked.keys} keys in the store, ${checked.artifacts} artifacts, ` +
      `${checked.manifests} manifests, ${checked.trashed} in the trash, ${checked.projects} projects; ${checked.hashedBytes} bytes hashed`,
    `${also.unreferenced.count} blobs (${also.unreferenced.bytes} bytes) are referenced by nothing, ` +
      `${also.deleting.count} are being deleted, ${also.quarantined.count} objects are in quarantine, ${also.strayUploads} uploads belong to nobody`,
  ]
  for (const [fault, { count, bytes, cases }] of Object.entries(faults)) {
    lines.push(`${fault}: ${count}${bytes > 0 ? `, ${bytes} bytes` : ''}`)
    for (const found of cases.slice(0, MOST_LINES)) lines.push(`  ${caseText(found)}`)
    if (count > MOST_LINES) lines.push(`  and ${count - MOST_LINES} more`)
  }
  lines.push(agree ? 'store and database agree' : 'store and database do not agree')

  return `${lines.join('\n')}\n`
}

function caseText({ digest, key, neededBy, detail }: Case): string {
  const name = digest === undefined ? key : key === undefined ? digest : `${digest} (${key})`
  const needed = neededBy && neededBy.length > 0 ? `needed by ${neededBy.slice(0, 3).join(', ')}` : undefined

  return [name, detail, needed].filter((part) => part !== undefined).join(', ')
}
