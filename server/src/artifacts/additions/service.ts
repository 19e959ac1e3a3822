import { isDigest } from '../../oci/digest.ts'
import { parseManifest } from '../../oci/manifest.ts'
import { DomainError } from '../../platform/errors.ts'
import { createSemaphore, type Semaphore } from '../../users/semaphore.ts'
import { type ContentDeps, repositoryContent } from '../content.ts'
import type { Artifact } from '../model.ts'
import type { Addition, AdditionName } from '../processors/processor.ts'
import { processorOf } from '../processors/table.ts'
import { readManifest } from '../service.ts'

/** Additions being read at a time, and waiting for it: unpacking takes memory and the one thread. */
const SLOTS = 4
const WAITING = 100

export type AdditionsDeps = ContentDeps & { slots: Semaphore }

/** What `AdditionsDeps.slots` is to be. */
export function createAdditionSlots(): Semaphore {
  const full = () => new DomainError('unavailable', 'too many additions are being read, try again')

  return createSemaphore(SLOTS, WAITING, full)
}

/** An artifact as a caller names it. */
export interface ArtifactName {
  project: { id: number; name: string }
  /** Relative to the project. */
  repository: string
  /** A tag or a digest. */
  reference: string
}

/** Reads an addition of an artifact out of its blobs. */
export async function getAddition(
  deps: AdditionsDeps,
  name: ArtifactName,
  addition: AdditionName,
): Promise<Addition> {
  const artifact = await getNamedArtifact(deps, name)
  const manifest = parseManifest(await readManifest(deps, artifact), artifact.mediaType)
  const { processor } = processorOf(manifest)
  const read = manifest.kind === 'image' ? processor.additions?.[addition] : undefined
  if (!read) {
    throw new DomainError(
      'bad-request',
      `addition ${addition.toUpperCase()} isn't supported for ${processor.type}`,
    )
  }
  const content = repositoryContent(deps, { projectId: name.project.id, name: name.repository })
  const found = await deps.slots.run(() => read(manifest, content))
  if (!found) throw new DomainError('not-found', `the artifact has no ${addition}`)

  return found
}

/** The artifact of that name. Throws not-found. */
export async function getNamedArtifact(
  deps: Pick<ContentDeps, 'findReference'>,
  { project, repository, reference }: ArtifactName,
): Promise<Artifact> {
  const byDigest = isDigest(reference)
  const artifact = await deps.findReference({
    projectId: project.id,
    repository,
    ...(byDigest ? { digest: reference } : { tag: reference }),
  })
  if (artifact) return artifact

  const separator = byDigest ? '@' : ':'
  throw new DomainError(
    'not-found',
    `artifact ${project.name}/${repository}${separator}${reference} not found`,
  )
}
