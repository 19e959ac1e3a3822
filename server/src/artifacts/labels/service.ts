import type { Actor } from '../../access/model.ts'
import { deleteArtifactLabel, insertArtifactLabel } from '../../labels/artifact-store.ts'
import type { Database } from '../../platform/db/database.ts'
import { transact } from '../../platform/db/transact.ts'
import { DomainError } from '../../platform/errors.ts'
import { emit } from '../../platform/events/outbox.ts'
import { holdRepository } from '../../repositories/store.ts'
import type { ArtifactLabeled } from '../events.ts'
import type { ListedArtifact } from '../model.ts'
import { placeOf } from '../reading.ts'

/** Which artifact: where the caller was let in to it. */
export type LabeledArtifact = Pick<
  ListedArtifact,
  'id' | 'digest' | 'projectId' | 'projectName' | 'repositoryId' | 'repositoryName'
>

/**
 * Puts a label on an artifact. The repository is held: one that moves takes no label of its former project along.
 * Throws not-found for a label of another project and for an artifact that is gone, conflict where it is there already.
 */
export async function addArtifactLabel(
  deps: { db: Database },
  artifact: LabeledArtifact,
  labelId: number,
  actor: Actor,
): Promise<void> {
  await transact(deps.db, async (tx) => {
    await hold(tx, artifact)
    const outcome = await insertArtifactLabel(tx, artifact, labelId)
    if (outcome === 'unknown') throw new DomainError('not-found', `label ${labelId} not found`)
    if (outcome === 'gone') throw gone(artifact)
    if (outcome === 'present') {
      throw new DomainError('conflict', `label ${labelId} is already added to the artifact ${artifact.id}`)
    }
    await emit(tx, { type: 'artifact.labeled', payload: payloadOf(artifact, labelId, actor) })
  })
}

/** Takes a label off an artifact. Throws not-found where it does not bear it. */
export async function removeArtifactLabel(
  deps: { db: Database },
  artifact: LabeledArtifact,
  labelId: number,
  actor: Actor,
): Promise<void> {
  await transact(deps.db, async (tx) => {
    await hold(tx, artifact)
    if (!(await deleteArtifactLabel(tx, artifact.id, labelId))) {
      throw new DomainError(
        'not-found',
        `reference with label ${labelId} and artifact ${artifact.id} not found`,
      )
    }
    await emit(tx, { type: 'artifact.unlabeled', payload: payloadOf(artifact, labelId, actor) })
  })
}

async function hold(tx: Database, artifact: LabeledArtifact): Promise<void> {
  if (!(await holdRepository(tx, placeOf(artifact).repository))) throw gone(artifact)
}

function gone({ digest }: LabeledArtifact): DomainError {
  return new DomainError('not-found', `artifact ${digest} not found`)
}

function payloadOf(artifact: LabeledArtifact, labelId: number, actor: Actor): ArtifactLabeled {
  const { id: artifactId, digest, projectId, projectName, repositoryName: repository } = artifact
  return { artifactId, digest, projectId, projectName, repository, labelId, actor }
}
