import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import type { Artifact } from './model.ts'
import { findPulled, type Pulled, type PulledKey } from './pulled-store.ts'
import { findArtifactsByReference, type ReferenceKey } from './store.ts'

/** Finds what a pull names: the artifact of a tag or digest in a repository of a project. */
export type FindReference = (key: ReferenceKey) => Promise<Artifact | undefined>

/** Pulls that arrive together cost one query together. Never from a cache: after a 201 anywhere it is true here. */
export function createReferenceLookup(db: Database): FindReference {
  return foldLookups(
    (keys) => findArtifactsByReference(db, keys),
    ({ projectId, repository, tag, digest }) =>
      `${projectId}/${repository}${digest ? `@${digest}` : `:${tag}`}`,
  )
}

/** Finds what a pull names together with its project and the caller's roles there. */
export type FindPulled = (key: PulledKey) => Promise<Pulled | undefined>

/** As `createReferenceLookup`, with all that is to be decided in the same query. */
export function createPulledLookup(db: Database): FindPulled {
  return foldLookups(
    (keys) => findPulled(db, keys),
    ({ project, userId = '', repository, tag, digest }) =>
      `${userId}/${project}/${repository}${digest ? `@${digest}` : `:${tag}`}`,
  )
}
