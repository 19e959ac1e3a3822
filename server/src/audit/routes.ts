import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/audit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../platform/db/database.ts'
import { type PageQuery, sendTotal, toPage } from '../platform/http/paging.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { AUDIT_EVENTS } from '../settings/audit-events.ts'
import { type LegacyAuditField, listLegacyRows } from './legacy-store.ts'
import { listEntries } from './listing.ts'
import type { AuditScope } from './model.ts'
import { scopeOf } from './scope.ts'
import type { AuditField } from './selection.ts'
import { legacyToWire, toWire } from './wire.ts'

const LEGACY_FIELDS: Fields<LegacyAuditField> = {
  id: 'integer',
  op_time: 'time',
  project_id: 'integer',
  operation: 'string',
  resource_type: 'string',
  resource: 'string',
  username: 'string',
}
const FIELDS: Fields<AuditField> = { ...LEGACY_FIELDS, op_result: 'boolean' }
/** Not by `resource`: no client asks for it, and an order of a million distinct names cannot be paged quickly. */
const SORTABLE: readonly AuditField[] = [
  'op_time',
  'id',
  'operation',
  'resource_type',
  'username',
  'project_id',
  'op_result',
]

type ListRequest = FastifyRequest<{ Querystring: PageQuery & { q?: string; sort?: string } }>

/** The audit log of the system and of projects, in the present form and in that of earlier releases. */
export function auditRoutes(deps: { db: Database }): FastifyPluginAsyncTypebox {
  async function list(request: ListRequest, reply: FastifyReply, scope: AuditScope) {
    const { filters, orders, page } = read(request.query, FIELDS, SORTABLE)
    const { rows, total, searched } = await listEntries(deps, { scope, filters }, orders, page)
    sendTotal(request, reply, request.query, total)
    if (searched !== undefined)
      reply.header('warning', `299 - "only the newest ${searched} entries were searched"`)
    return rows.map(toWire)
  }

  async function listLegacy(request: ListRequest, reply: FastifyReply, scope: AuditScope) {
    const { filters, orders, page } = read(request.query, LEGACY_FIELDS)
    const { rows, total } = await listLegacyRows(deps.db, scope, filters, orders, page)
    sendTotal(request, reply, request.query, total)
    return rows.map(legacyToWire)
  }

  return async (app) => {
    const ofSystem = { querystring: Wire.AuditLogQuery }
    const ofProject = { ...ofSystem, params: Wire.AuditProjectParams }

    app.get(
      '/auditlog-exts',
      {
        schema: { ...ofSystem, response: { 200: Wire.AuditLogExtList } },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => list(request, reply, await scopeOf(deps.db, request.principal)),
    )

    app.get(
      '/projects/:project_name/auditlog-exts',
      {
        schema: { ...ofProject, response: { 200: Wire.AuditLogExtList } },
        config: { permission: { project: 'log:list' } },
      },
      async (request, reply) => list(request, reply, onlyProject(request.project.id)),
    )

    app.get(
      '/audit-logs',
      {
        schema: { ...ofSystem, response: { 200: Wire.AuditLogList } },
        config: { permission: 'authenticated' },
      },
      async (request, reply) => listLegacy(request, reply, await scopeOf(deps.db, request.principal)),
    )

    app.get(
      '/projects/:project_name/logs',
      {
        schema: { ...ofProject, response: { 200: Wire.AuditLogList } },
        config: { permission: { project: 'log:list' } },
      },
      async (request, reply) => listLegacy(request, reply, onlyProject(request.project.id)),
    )

    app.get(
      '/auditlog-exts/events',
      {
        schema: { response: { 200: Wire.AuditLogEventTypeList } },
        config: { permission: { system: 'audit-log:list' } },
      },
      async () => AUDIT_EVENTS.map((type) => ({ event_type: type })),
    )
  }
}

function onlyProject(id: number): AuditScope {
  return { all: false, projectIds: [id] }
}

function read<Field extends string>(
  query: ListRequest['query'],
  fields: Fields<Field>,
  sortable: readonly Field[] = Object.keys(fields) as Field[],
) {
  return {
    filters: parseFilters(query.q, fields),
    orders: parseSort(query.sort, sortable),
    page: toPage(query),
  }
}
