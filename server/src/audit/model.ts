/** A row of the audit log. */
export interface AuditRow {
  id: number
  opTime: Date
  /** 0: of no project. */
  projectId: number
  projectName: string
  operation: string
  resourceType: string
  /** The name of what was changed, as it was then. */
  resource: string
  username: string
  description: string
  succeeded: boolean
  address: string | undefined
}

export type NewAuditRow = Omit<AuditRow, 'id'>

/** The name of a row's kind as settings have it. */
export function eventTypeOf(row: Pick<AuditRow, 'operation' | 'resourceType'>): string {
  return `${row.operation}_${row.resourceType}`
}

/** Whose entries a caller may read. */
export interface AuditScope {
  /** Of all projects and of the system. */
  all: boolean
  /** Else of these projects. */
  projectIds: readonly number[]
}

/** Which entries: all of some operations, and some operations on some kinds of things. */
export interface EventSelection {
  operations: readonly string[]
  pairs: readonly { operation: string; resourceType: string }[]
}

/** Longest texts that are kept, in characters; an index takes no longer key. */
export const LONGEST = { resource: 512, username: 255, description: 1024, address: 64 } as const
