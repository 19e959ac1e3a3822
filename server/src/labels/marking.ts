import type { Actor } from '../access/model.ts'
import { DomainError } from '../platform/errors.ts'
import { emit } from '../platform/events/outbox.ts'
import { deleteArtifactLabel, insertArtifactLabel } from './artifact-store.ts'
import type { LabelsDeps } from './service.ts'

/** An artifact that a label is put on, with the names that events carry. */
export interface MarkedArtifact {
  id: number
  digest: string
  projectId: number
  projectName: string
  /** Relative to the project. */
  repository: string
}

/** Puts a label on an artifact. Throws not-found for a label of another project, conflict where it is there already. */
export async function addArtifactLabel(
  deps: LabelsDeps,
  artifact: MarkedArtifact,
  labelId: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const outcome = await insertArtifactLabel(tx, artifact, labelId)
    if (outcome === 'unknown') throw new DomainError('not-found', `label ${labelId} not found`)
    if (outcome === 'gone') throw new DomainError('not-found', `artifact ${artifact.digest} not found`)
    if (outcome === 'present') {
      throw new DomainError('conflict', `label ${labelId} is already added to the artifact ${artifact.id}`)
    }
    await emit(tx, { type: 'artifact.labeled', payload: payloadOf(artifact, labelId, actor) })
  })
}

/** Takes a label off an artifact. Throws not-found where it does not bear it. */
export async function removeArtifactLabel(
  deps: LabelsDeps,
  artifact: MarkedArtifact,
  labelId: number,
  actor: Actor,
): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    if (!(await deleteArtifactLabel(tx, artifact.id, labelId))) {
      throw new DomainError(
        'not-found',
        `reference with label ${labelId} and artifact ${artifact.id} not found`,
      )
    }
    await emit(tx, { type: 'artifact.unlabeled', payload: payloadOf(artifact, labelId, actor) })
  })
}

function payloadOf({ id, ...artifact }: MarkedArtifact, labelId: number, actor: Actor) {
  return { artifactId: id, ...artifact, labelId, actor }
}
