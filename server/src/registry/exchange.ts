import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor, Principal, ProjectContext } from '../access/model.ts'
import type { Pull } from '../artifacts/pulls/model.ts'
import type { ArtifactsDeps } from '../artifacts/service.ts'
import type { UploadsDeps } from '../blobs/uploads.ts'
import type { RepositoryName } from '../oci/reference.ts'
import type { QuotaRefusal } from '../quotas/refusals.ts'
import type { FindRepository } from '../repositories/lookup.ts'
import type { Repository } from '../repositories/model.ts'
import type { RepositoriesDeps } from '../repositories/service.ts'
import type { Endpoint } from './endpoints.ts'

/** What a registry token allows: it narrows what its user may do, never widens it. */
export interface TokenScope {
  access: readonly { type: string; name: string; actions: readonly string[] }[]
  /** The projects that the names meant when the token was made. */
  projects: Readonly<Record<string, number>>
}

/** Who sent a request, and how much of that he brought. */
export interface Caller {
  principal: Principal
  /** Absent for Basic authentication and for requests without any. */
  token?: TokenScope
  /** Whether the request carried credentials at all. */
  authenticated: boolean
}

/** A project with what decisions need, and its name of today: a request may use a former one. */
export type NamedContext = ProjectContext & { name: string; storageLimit?: number | undefined }

/** What the data plane needs from the rest of the program. */
export interface RegistryDeps {
  /** Undefined for credentials that are wrong. */
  authenticate(authorization: string | undefined, address: string): Promise<Caller | undefined>
  /** The project of that name and the principal's roles in it, never from stale data about the name. */
  findProject(principal: Principal, name: string): Promise<NamedContext | undefined>
  /** The live repository of that name, never from stale data. */
  findRepository: FindRepository
  repositories: RepositoriesDeps
  uploads: UploadsDeps
  /** Whether the client at that address may be sent to the store itself, where the store can be asked by clients. */
  mayRedirect(address: string): boolean
  artifacts: ArtifactsDeps
  /** A manifest is about to be handed out. */
  recordPull(pull: Pull): Promise<void> | undefined
  /** A push was refused because the project is full. */
  tellQuotaExceeded(refusal: QuotaRefusal): Promise<void>
  /** Throws where nothing may be changed at the moment. */
  checkWritable(): void
  /** `https://host[:port]` as clients see us. */
  externalOrigin(request: FastifyRequest): string
  /** Largest manifest taken, in bytes. */
  manifestMaxBytes: number
}

/** One request on its way through the pipeline. Steps fill in what later ones need. */
export interface Exchange {
  readonly deps: RegistryDeps
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly endpoint: Endpoint
  /** As written in the path; checked by the step `check-name`. */
  readonly rawName: string
  /** Tag, digest or upload id as written in the path. */
  readonly reference: string
  readonly query: URLSearchParams
  name?: RepositoryName
  caller?: Caller
  project?: NamedContext
  repository?: Repository
}

/** A value that an earlier step must have filled in. */
export function filled<K extends 'name' | 'caller' | 'project' | 'repository'>(
  exchange: Exchange,
  key: K,
): NonNullable<Exchange[K]> {
  const value = exchange[key]
  if (value === undefined || value === null)
    throw new Error(`${exchange.endpoint} runs without its step for ${key}`)

  return value
}

/** Where a pull looks: the repository by its name within its project, former names followed once they have been. */
export function placeOf(exchange: Exchange): { projectId: number; repository: string } {
  return {
    projectId: filled(exchange, 'project').id,
    repository: exchange.repository?.name ?? filled(exchange, 'name').repository,
  }
}

/** Who does it, as events are told; nobody where anonymous callers may do something. */
export function actorIn(exchange: Exchange): Actor | undefined {
  return actorOf(filled(exchange, 'caller').principal, exchange.request.ip)
}

export function actorOf(principal: Principal, address: string): Actor | undefined {
  if (principal.kind === 'anonymous') return undefined
  const { id, username } = principal
  const actor = { id, username, address }
  return principal.kind === 'robot' ? { ...actor, robot: true } : actor
}

/** One check of the pipeline: fills the exchange, or throws. */
export type Step = (exchange: Exchange) => void | Promise<void>
