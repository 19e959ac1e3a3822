import { foldLookups } from '../lib/fold.ts'
import type { Database } from '../platform/db/database.ts'
import type { Artifact } from './model.ts'
import { findArtifactsByReference, type ReferenceKey } from './store.ts'

/** Finds what a pull names: the artifact of a tag or digest in a repository of a project. */
export type FindReference = (key: ReferenceKey) => Promise<Artifact | undefined>

/** Pulls that arrive together cost one query together. Never from a cache: after a 201 anywhere it is true here. */
export function createReferenceLookup(db: Database): FindReference {
  return foldLookups((keys) => findArtifactsByReference(db, keys))
}
