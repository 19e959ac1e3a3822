import type * as Wire from '@portolan/api/audit'
import type { AuditRow } from './model.ts'

/** An entry in Harbor's shape, which leaves empty texts out. */
export function toWire(row: AuditRow): Wire.AuditLogExt {
  return {
    id: row.id,
    op_time: row.opTime.toISOString(),
    operation: row.operation,
    ...(row.description === '' ? {} : { operation_description: row.description }),
    operation_result: row.succeeded,
    ...(row.resource === '' ? {} : { resource: row.resource }),
    resource_type: row.resourceType,
    username: row.username,
  }
}

/** An entry in the shape of earlier releases. */
export function legacyToWire(row: AuditRow): Wire.AuditLog {
  return {
    id: row.id,
    op_time: row.opTime.toISOString(),
    operation: row.operation,
    resource: row.resource,
    resource_type: row.resourceType,
    username: row.username,
  }
}
