import type { IncomingHttpHeaders } from 'node:http'
import type { Artifact } from '../artifacts/model.ts'
import type { Pull } from '../artifacts/pulls/model.ts'
import { isDigest } from '../oci/digest.ts'
import { actorOf, type Caller, type NamedContext } from './exchange.ts'

/** Whoever only replicates does not pull, says Harbor: its own client tells by its name. */
const REPLICATOR = 'harbor-registry-client'

/** A manifest that is about to be handed out. */
export interface HandedOut {
  artifact: Artifact
  project: NamedContext
  /** Relative to the project. */
  repository: string
  /** The tag or digest that was asked for. */
  reference: string
  caller: Caller
  headers: IncomingHttpHeaders
  address: string
}

/** Tells of a pull, where it is one. */
export function tellPull(
  record: (pull: Pull) => Promise<void> | undefined,
  { artifact, project, repository, reference, caller, headers, address }: HandedOut,
): Promise<void> | undefined {
  if (headers['user-agent']?.startsWith(REPLICATOR)) return undefined

  return record({
    projectId: project.id,
    projectName: project.name,
    repositoryId: artifact.repositoryId,
    repository,
    artifactId: artifact.id,
    digest: artifact.digest,
    ...(isDigest(reference) ? {} : { tag: reference }),
    actor: actorOf(caller.principal, address),
    address,
    time: new Date(),
  })
}
