import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { DomainError } from '../errors.ts'
import { decodeAgain } from './path.ts'

/**
 * The words of the application's access rules. `access/routes.ts` fills them in by declaration merging: routes are
 * checked against them, and nothing here knows them.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled in elsewhere
export interface AccessWords {}

type Word<Name extends string> = AccessWords extends Record<Name, infer Meaning> ? Meaning : never
type Principal = Word<'principal'>
type Permission = Word<'permission'>
/** The project that a route below `/projects/{…}` is about, with what decisions need of it. */
type Project = Word<'project'>

/**
 * Who may call a route. Every route of the REST API says it in `config.permission`; what it does not say
 * is denied, and a route that says nothing stops the start.
 */
type RoutePermission =
  | 'anonymous'
  | 'authenticated'
  | { system: Permission }
  /** `and`: what it takes besides, in the same project. */
  | { project: Permission; and?: readonly Permission[] }

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: RoutePermission
    /** Lets in callers whom the permission does not: by a setting of the moment, say. */
    alsoAdmits?: (request: FastifyRequest) => boolean
    /** Works while nothing may be changed: it changes nothing that counts, or ends that state. */
    whileReadOnly?: true
  }
  interface FastifyRequest {
    /** Who is asking; anonymous where nobody said or the credentials were wrong. */
    principal: Principal
    /** Set on routes whose permission is asked of a project. */
    project: Project
  }
}

/** What the guard asks of the slices; handed in by `app/`. */
export interface GuardOptions {
  /** Never rejects for wrong credentials: they make the caller anonymous. May set cookies on `reply`. */
  authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Principal>
  /** The live project of that id, or of that name where `byName` or where it is no number. */
  projectContext(principal: Principal, nameOrId: string, byName: boolean): Promise<Project | undefined>
  /** Throws where nothing may be changed at the moment. */
  checkWritable?(): void
  /** With a project: whether the caller may do it there; without one: in the system. */
  decide(principal: Principal, permission: Permission, project: Project | undefined): boolean
  /** Whether the caller may do it in every project there is. */
  decideEverywhere(principal: Principal, permission: Permission): boolean
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The caller is known, and may not. */
const FORBIDDEN = 'forbidden'
const UNAUTHORIZED = 'unauthorized'

/** Guards every route that is added to `app` or below it from now on. */
export function addGuard(app: FastifyInstance, options: GuardOptions): void {
  if (!app.hasRequestDecorator('principal')) {
    app.decorateRequest('principal')
    app.decorateRequest('project')
  }
  app.addHook('onRoute', checkRoute)
  // Before the body is read: who may not call gets no parser to play with.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return
    const { permission, alsoAdmits, whileReadOnly } = request.routeOptions.config
    if (!SAFE_METHODS.has(request.method) && whileReadOnly !== true) options.checkWritable?.()
    request.principal = await options.authenticate(request, reply)
    if (permission === 'anonymous' || alsoAdmits?.(request) === true) return
    if (permission === undefined) throw new DomainError('forbidden', FORBIDDEN)
    if (typeof permission === 'object' && 'project' in permission) {
      request.project = await admitToProject(options, request, [
        permission.project,
        ...(permission.and ?? []),
      ])
      if (request.method === 'DELETE') refuseFormerName(request)
    } else if (request.principal.kind === 'anonymous') {
      throw new DomainError('unauthorized', UNAUTHORIZED)
    } else if (
      typeof permission === 'object' &&
      !options.decide(request.principal, permission.system, undefined)
    ) {
      throw new DomainError('forbidden', FORBIDDEN)
    }
  })
}

/**
 * The project of the route, if the caller may do all of `permissions` there. Otherwise the refusal is the same
 * whether the project is missing or hidden; only who would be let in anywhere hears that it is missing.
 */
async function admitToProject(
  options: GuardOptions,
  request: FastifyRequest,
  permissions: readonly Permission[],
): Promise<Project> {
  const { principal } = request
  const { nameOrId, byName } = projectOf(request)
  const project = await options.projectContext(principal, nameOrId, byName)
  if (project && permissions.every((one) => options.decide(principal, one, project))) return project
  if (!project && permissions.every((one) => options.decideEverywhere(principal, one))) {
    throw new DomainError('not-found', `project ${nameOrId} not found`)
  }
  if (principal.kind === 'anonymous') throw new DomainError('unauthorized', UNAUTHORIZED)
  throw new DomainError('forbidden', FORBIDDEN)
}

/** Whoever deletes by a name that is none any more may mean something else: over `/v2` it is refused as well. */
function refuseFormerName(request: FastifyRequest): void {
  const { nameOrId, byName } = projectOf(request)
  const { name } = request.project
  const isName = byName || !/^\d+$/.test(nameOrId)
  if (isName && name !== nameOrId) {
    throw new DomainError(
      'denied',
      `${nameOrId} is called ${name} by now: nothing is deleted by a former name`,
    )
  }
}

function projectOf(request: FastifyRequest): { nameOrId: string; byName: boolean } {
  const params = request.params as Record<string, string>
  const text = params.project_name_or_id ?? params.project_name ?? ''
  const header = request.headers['x-is-resource-name']
  return {
    nameOrId: decodeAgain(text),
    byName: params.project_name_or_id === undefined || /^(1|t|true)$/i.test(String(header ?? '')),
  }
}

function checkRoute(route: RouteOptions): void {
  const name = `${String(route.method)} ${route.url}`
  const permission = route.config?.permission
  if (permission === undefined) throw new Error(`route ${name} declares no permission`)
  if (route.schema === undefined) throw new Error(`route ${name} has no schema`)
  if (route.url.includes(':') && route.schema.params === undefined) {
    throw new Error(`route ${name} has no schema for its path`)
  }
  const ofProject = typeof permission === 'object' && 'project' in permission
  if (ofProject && !/\/:project_name(_or_id)?(\/|$)/.test(route.url)) {
    throw new Error(`route ${name} asks for a permission in a project and names none`)
  }
}
