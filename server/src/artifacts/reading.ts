import { isDigest } from '../oci/digest.ts'
import type { Database } from '../platform/db/database.ts'
import { DomainError } from '../platform/errors.ts'
import type { RepositoryKey } from '../repositories/service.ts'
import { findRepository } from '../repositories/store.ts'
import { findArtifacts } from './list-store.ts'
import type { FindReference } from './lookup.ts'
import type { ListedArtifact } from './model.ts'
import type { ArtifactPlace } from './service.ts'

export interface ReadingDeps {
  db: Database
  findReference: FindReference
}

/** The artifact that a tag or a digest names in the repository. Throws not-found. */
export async function getArtifact(
  deps: ReadingDeps,
  key: RepositoryKey,
  reference: string,
): Promise<ListedArtifact> {
  const byDigest = isDigest(reference)
  // By the name that the repository has now: the caller may know it by a former one.
  const repository = await findRepository(deps.db, key.projectId, key.name)
  const found =
    repository &&
    (await deps.findReference({
      projectId: key.projectId,
      repository: repository.name,
      ...(byDigest ? { digest: reference } : { tag: reference }),
    }))
  const [artifact] = found ? await findArtifacts(deps.db, [found.id]) : []
  if (artifact) return artifact

  const name = `${key.project}/${key.name}${byDigest ? '@' : ':'}${reference}`
  throw new DomainError('not-found', `artifact ${name} not found`)
}

/** Where the artifact is. */
export function placeOf(
  artifact: Pick<ListedArtifact, 'repositoryId' | 'projectId' | 'repositoryName' | 'projectName'>,
): ArtifactPlace {
  const { repositoryId: id, projectId, repositoryName: name, projectName } = artifact
  return { repository: { id, projectId, name }, projectName }
}
