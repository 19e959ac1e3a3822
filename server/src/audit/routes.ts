import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/audit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../platform/db/database.ts'
import { type PageQuery, sendTotal, toPage } from '../platform/http/paging.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import { AUDIT_EVENTS } from '../settings/audit-events.ts'
import { createResourceOrder } from './by-resource.ts'
import { listEntries } from './listing.ts'
import type { AuditScope } from './model.ts'
import { scopeOf } from './scope.ts'
import type { AuditField } from './selection.ts'
import { legacyToWire, toWire } from './wire.ts'

const LEGACY_FIELDS: Fields<Exclude<AuditField, 'op_result'>> = {
  id: 'integer',
  op_time: 'time',
  project_id: 'integer',
  operation: 'string',
  resource_type: 'string',
  resource: 'string',
  username: 'string',
}
const FIELDS: Fields<AuditField> = { ...LEGACY_FIELDS, op_result: 'boolean' }

type ListRequest = FastifyRequest<{ Querystring: PageQuery & { q?: string; sort?: string } }>

/** The audit log of the system and of projects, in the present form and in that of earlier releases. */
export function auditRoutes(deps: { db: Database }): FastifyPluginAsyncTypebox {
  const listing = { db: deps.db, byResource: createResourceOrder(deps) }

  async function list(request: ListRequest, reply: FastifyReply, scope: AuditScope) {
    return (await page(request, reply, { scope, fields: FIELDS })).map(toWire)
  }

  async function listLegacy(request: ListRequest, reply: FastifyReply, scope: AuditScope) {
    return (await page(request, reply, { scope, fields: LEGACY_FIELDS, legacy: true })).map(legacyToWire)
  }

  async function page<Field extends AuditField>(
    request: ListRequest,
    reply: FastifyReply,
    { scope, fields, legacy = false }: { scope: AuditScope; fields: Fields<Field>; legacy?: boolean },
  ) {
    const { query } = request
    const filters = parseFilters(query.q, fields)
    const orders = parseSort(query.sort, Object.keys(fields) as Field[])
    const found = await listEntries(listing, { legacy, scope, filters }, orders, toPage(query))
    sendTotal(request, reply, query, found.total)
    if (found.searched !== undefined)
      reply.header('warning', `299 - "only the newest ${found.searched} entries were searched"`)
    return found.rows
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
