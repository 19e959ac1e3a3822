import { isDigest } from '../../oci/digest.ts'
import { isTag, parseRepositoryName } from '../../oci/reference.ts'

/** An artifact by its full name. */
export interface ArtifactReference {
  project: string
  /** Relative to the project. */
  repository: string
  /** A tag or a digest. */
  reference: string
}

/** Reads `project/repository:tag` and `project/repository@digest`; undefined for anything else. */
export function parseArtifactReference(text: string): ArtifactReference | undefined {
  const at = text.indexOf('@')
  const end = at >= 0 ? at : text.lastIndexOf(':')
  const reference = text.slice(end + 1)
  const name = end < 0 ? undefined : parseRepositoryName(text.slice(0, end))
  if (!name || !(at >= 0 ? isDigest(reference) : isTag(reference))) return undefined

  return { project: name.project, repository: name.repository, reference }
}
