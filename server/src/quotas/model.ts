import { DomainError } from '../platform/errors.ts'

/** What a project may hold and holds, in bytes. */
export interface Quota {
  /** The id of the project: a project has one quota, as long as it lives. */
  id: number
  projectName: string
  /** -1: without limit. */
  limit: number
  used: number
  creationTime: Date
  updateTime: Date
}

/** A blob that is to count: its id and bytes. */
export interface CountedBlob {
  id: number
  size: number
}

/** The project may not hold what was to be added. */
export class QuotaExceededError extends DomainError {
  constructor(added: number, used: number, limit: number, resource = 'storage resource') {
    super('denied', exceeded(added, used, limit, resource))
    this.name = 'QuotaExceededError'
  }
}

/** In Harbor's words, which scripts look for. */
function exceeded(added: number, used: number, limit: number, resource: string): string {
  const change = `${added > 0 ? 'adding' : 'subtracting'} ${formatBytes(added)} of ${resource}`

  return `${change}, which when updated to current usage of ${formatBytes(used)} will exceed the configured upper limit of ${formatBytes(limit)}.`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `10 B`, `19.5 KiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }

  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${UNITS[unit]}`
}
