import { DomainError } from '../platform/errors.ts'

/** A namespace of repositories with its owner, visibility and members. */
export interface Project {
  id: number
  name: string
  public: boolean
  ownerId: number
  /** Absent where nobody asked for it. */
  ownerName?: string
  /** Harbor's further metadata; `public` is not among it. */
  metadata: Record<string, string>
  allowlist: Allowlist
  /** Bytes that the project may hold, -1 for any number. `quotas` sees to it. */
  storageLimit: number
  creationTime: Date
  updateTime: Date
}

/** Vulnerabilities that the project tolerates. */
export interface Allowlist {
  items: string[]
  /** Seconds since 1970, or undefined: for ever. */
  expiresAt?: number
}

export const UNLIMITED = -1

/** A project in a list, with what lists show beside it. */
export interface ListedProject extends Project {
  /** Ids of the roles that the viewer holds in it. */
  roleIds: number[]
}

const MAX_NAME_LENGTH = 255
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Throws bad-request unless `name` may name a project. */
export function checkName(name: string): void {
  if (name.length < 1 || name.length > MAX_NAME_LENGTH) {
    throw new DomainError('bad-request', `a project name has 1 to ${MAX_NAME_LENGTH} characters`)
  }
  if (!NAME.test(name)) {
    throw new DomainError('bad-request', 'project name is not in lower case or contains illegal characters')
  }
}

/** As much as Harbor takes for a limit: 1024 TiB. */
const MAX_LIMIT = 2 ** 50

/** Throws bad-request unless `limit` is a number of bytes above zero, not absurdly many, or -1. */
export function checkStorageLimit(limit: number): void {
  if (limit !== UNLIMITED && limit <= 0) {
    throw new DomainError('bad-request', `invalid non-positive value for quota limit, value=${limit}`)
  }
  if (limit > MAX_LIMIT) {
    throw new DomainError('bad-request', `exceeded 1024TB, which is ${MAX_LIMIT} Bytes, value=${limit}`)
  }
}
