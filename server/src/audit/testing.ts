import type { NewAuditRow } from './model.ts'

/** A row for tests; what is not given is made up. */
export function auditRow(given: Partial<NewAuditRow> = {}): NewAuditRow {
  return {
    opTime: new Date(),
    projectId: 0,
    projectName: '',
    operation: 'create',
    resourceType: 'user',
    resource: 'bob',
    username: 'ann',
    description: '',
    succeeded: true,
    address: undefined,
    ...given,
  }
}
