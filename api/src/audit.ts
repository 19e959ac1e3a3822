import Type, { type Static } from 'typebox'
import { ListQuery } from './paging.ts'

/** One thing that somebody did, or tried to do. */
export const AuditLogExt = Type.Object({
  id: Type.Integer(),
  username: Type.String({ description: 'Who did it.' }),
  resource: Type.Optional(Type.String({ description: 'The name that it had then.' })),
  resource_type: Type.String(),
  operation: Type.String(),
  operation_description: Type.Optional(Type.String()),
  operation_result: Type.Boolean({ description: 'Whether it succeeded.' }),
  op_time: Type.String({ format: 'date-time' }),
})
export type AuditLogExt = Static<typeof AuditLogExt>

export const AuditLogExtList = Type.Array(AuditLogExt)

/** An entry in the form of earlier releases of Harbor. */
export const AuditLog = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  resource: Type.String(),
  resource_type: Type.String(),
  operation: Type.String(),
  op_time: Type.String({ format: 'date-time' }),
})
export type AuditLog = Static<typeof AuditLog>

export const AuditLogList = Type.Array(AuditLog)

export const AuditLogQuery = Type.Object(ListQuery)

/** What `disabled_audit_log_event_types` may name. */
export const AuditLogEventTypeList = Type.Array(Type.Object({ event_type: Type.String() }))

export const AuditProjectParams = Type.Object({ project_name: Type.String() })
