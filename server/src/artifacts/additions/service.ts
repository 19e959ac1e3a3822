import { createSemaphore, type Semaphore } from '../../lib/semaphore.ts'
import { parseManifest } from '../../oci/manifest.ts'
import { DomainError } from '../../platform/errors.ts'
import type { RepositoryKey } from '../../repositories/service.ts'
import { type ContentDeps, repositoryContent } from '../content.ts'
import type { Addition, AdditionName } from '../processors/processor.ts'
import { processorOf } from '../processors/table.ts'
import { getArtifact } from '../reading.ts'
import { readManifest } from '../service.ts'
import type { ChartReader } from './chart-reader.ts'

/** Additions being read at a time, and waiting for it: unpacking takes memory and the one thread. */
const SLOTS = 2
const WAITING = 100

export type AdditionsDeps = ContentDeps & { slots: Semaphore; charts: ChartReader }

/** What `AdditionsDeps.slots` is to be. */
export function createAdditionSlots(): Semaphore {
  const full = () => new DomainError('unavailable', 'too many additions are being read, try again')

  return createSemaphore(SLOTS, WAITING, full)
}

/** Reads an addition of the artifact that a tag or a digest names in the repository. */
export async function getAddition(
  deps: AdditionsDeps,
  key: RepositoryKey,
  reference: string,
  addition: AdditionName,
): Promise<Addition> {
  const artifact = await getArtifact(deps, key, reference)
  const manifest = parseManifest(await readManifest(deps, artifact), artifact.manifestMediaType)
  const { processor } = processorOf(manifest)
  const read = manifest.kind === 'image' ? processor.additions?.[addition] : undefined
  if (!read) {
    throw new DomainError(
      'bad-request',
      `addition ${addition.toUpperCase()} isn't supported for ${processor.type}`,
    )
  }
  const { projectId, repositoryName } = artifact
  const content = repositoryContent(deps, { projectId, name: repositoryName })
  const found = await deps.slots.run(() => read(manifest, content, deps))
  if (!found) throw new DomainError('not-found', `the artifact has no ${addition}`)

  return found
}
