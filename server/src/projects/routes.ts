import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import * as Wire from '@portolan/api/projects'
import type { FastifyRequest } from 'fastify'
import { DomainError } from '../platform/errors.ts'
import { sendTotal, toPage } from '../platform/http/paging.ts'
import { actorOf } from '../platform/http/principal.ts'
import { type Fields, parseFilters, parseSort } from '../platform/http/query.ts'
import type { ProjectField } from './list-store.ts'
import { describeProject, listProjects, type ProjectListRequest } from './listing.ts'
import {
  changeProject,
  createProject,
  deleteProject,
  findObstacle,
  findProjectByName,
  getProject,
  type ProjectsDeps,
} from './service.ts'
import { summarize } from './summary.ts'
import { fromWireAllowlist, summaryToWire, toWire } from './wire.ts'

const FIELDS: Fields<ProjectField> = {
  name: 'string',
  project_id: 'integer',
  owner_id: 'integer',
  owner: 'string',
  public: 'boolean',
  creation_time: 'time',
  update_time: 'time',
}

const FIELD_NAMES = Object.keys(FIELDS) as ProjectField[]

const READ = { params: Wire.ProjectParams }

/** `/projects` and `/projects/{project_name_or_id}`. */
export function projectsRoutes(deps: ProjectsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    // Before GET, which brings a HEAD of its own.
    app.head(
      '/projects',
      { schema: { querystring: Wire.ProjectHeadQuery }, config: { permission: 'authenticated' } },
      async (request, reply) => {
        const { project_name: name } = request.query
        const project = await findProjectByName(deps, name)
        if (!project) throw new DomainError('not-found', `project ${name} not found`)
        return reply.send()
      },
    )

    app.get(
      '/projects',
      {
        schema: { querystring: Wire.ProjectListQuery, response: { 200: Wire.ProjectList } },
        config: { permission: 'anonymous' },
      },
      async (request, reply) => {
        const { projects, total } = await listProjects(deps, request.principal, readList(request.query))
        sendTotal(request, reply, request.query, total)
        return projects.map((project) => toWire(project, request.query.with_detail))
      },
    )

    app.post(
      '/projects',
      {
        schema: { body: Wire.ProjectReq, refusals: [404] },
        config: { permission: { system: 'project:create' } },
      },
      async (request, reply) => {
        const { body } = request
        requireCreator(deps, request)
        refuseRegistry(body)
        const name = body.project_name ?? ''
        const id = await createProject(
          deps,
          {
            name,
            metadata: body.metadata ?? {},
            public: body.public ?? undefined,
            allowlist: fromWireAllowlist(body.cve_allowlist),
            // Whoever creates a project does not set his own limit; 0 is how clients leave it out.
            storageLimit: mayLimit(request) ? body.storage_limit || undefined : undefined,
          },
          actorOf(request),
        )
        const byName = /^(1|t|true)$/i.test(String(request.headers['x-resource-name-in-location'] ?? ''))
        return reply
          .code(201)
          .header('location', `${app.prefix}/projects/${byName ? name : id}`)
          .send()
      },
    )

    app.get(
      '/projects/:project_name_or_id',
      {
        schema: { ...READ, response: { 200: Wire.Project } },
        config: { permission: { project: 'project:read' } },
      },
      async (request) => {
        const project = await getProject(deps, request.project.id)
        return toWire(await describeProject(deps, request.principal, project))
      },
    )

    app.put(
      '/projects/:project_name_or_id',
      { schema: { ...READ, body: Wire.ProjectReq }, config: { permission: { project: 'project:update' } } },
      async (request, reply) => {
        const { body } = request
        const change = {
          metadata: body.metadata ?? undefined,
          public: body.public ?? undefined,
          allowlist: fromWireAllowlist(body.cve_allowlist),
        }
        await changeProject(deps, request.project.id, change, actorOf(request))
        return reply.send()
      },
    )

    app.delete(
      '/projects/:project_name_or_id',
      { schema: READ, config: { permission: { project: 'project:delete' } } },
      async (request, reply) => {
        await deleteProject(deps, request.project.id, actorOf(request))
        return reply.send()
      },
    )

    app.get(
      '/projects/:project_name_or_id/_deletable',
      {
        schema: { ...READ, response: { 200: Wire.ProjectDeletable } },
        config: { permission: { project: 'project:delete' } },
      },
      async (request) => {
        const message = await findObstacle(deps, request.project.id)
        return message === undefined ? { deletable: true } : { message }
      },
    )

    app.get(
      '/projects/:project_name_or_id/summary',
      {
        schema: { ...READ, response: { 200: Wire.ProjectSummary } },
        config: { permission: { project: 'project:read' } },
      },
      async (request) => {
        const project = await getProject(deps, request.project.id)
        return summaryToWire(await summarize(deps, request.principal, project, request.project))
      },
    )
  }
}

function readList(query: Wire.ProjectListQuery): ProjectListRequest {
  const filters = parseFilters(query.q, FIELDS)
  if (query.name) filters.push({ field: 'name', op: 'fuzzy', value: query.name })
  if (query.public !== undefined) filters.push({ field: 'public', op: 'exact', value: query.public })
  if (query.owner) filters.push({ field: 'owner', op: 'exact', value: query.owner })
  return { filters, orders: parseSort(query.sort, FIELD_NAMES), page: toPage(query) }
}

/** Where a setting leaves it to administrators, and to those who were given the permission by its name. */
function requireCreator({ settings }: ProjectsDeps, { principal }: FastifyRequest): void {
  if (settings.get('project_creation_restriction') === 'everyone') return
  // Robots have it only where they were given it.
  const admitted =
    principal.kind === 'robot' ||
    (principal.kind === 'user' &&
      (principal.sysadmin || principal.grants?.system.has('project:create') === true))
  if (!admitted) throw new DomainError('forbidden', 'Only system admin can create project')
}

function mayLimit({ principal }: FastifyRequest): boolean {
  return principal.kind === 'user' && principal.sysadmin
}

/** Proxy-cache projects name a registry; there are none yet, so none is found. */
function refuseRegistry({ registry_id: id }: Wire.ProjectReq): void {
  if (id) throw new DomainError('not-found', `registry ${id} not found`)
}
