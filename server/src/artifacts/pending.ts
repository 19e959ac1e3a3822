import { OciError } from '../oci/errors.ts'
import { type Manifest, parseManifest } from '../oci/manifest.ts'
import { transact } from '../platform/db/transact.ts'
import { attestationsIn } from './accessories/detect.ts'
import { markAttestations } from './accessories/store.ts'
import { classify } from './classify.ts'
import { repositoryContent } from './content.ts'
import { idsOf, lockArtifacts, relist } from './listed-store.ts'
import { findPending, type PendingArtifact, saveClassification } from './pending-store.ts'
import type { ArtifactsDeps } from './service.ts'
import { findManifestBody } from './store.ts'

const BATCH = 50

/**
 * Tells what those artifacts are that came before anybody said so at push: with an older program, or by one that still
 * runs beside this one during an upgrade. Answers how many there were. Children come before their indexes.
 */
export async function classifyPending(deps: ArtifactsDeps): Promise<number> {
  let done = 0
  for (let after = 0; ; ) {
    const batch = await findPending(deps.db, after, BATCH)
    for (const artifact of batch) await classifyOne(deps, artifact)
    done += batch.length
    after = batch.at(-1)?.id ?? after
    if (batch.length < BATCH) return done
  }
}

/** Of an artifact whose manifest an older program has taken and this one would not: it must not stop the others. */
const NOTHING_KNOWN = { type: 'UNKNOWN', attributes: undefined, icon: undefined, accessory: undefined }

async function classifyOne(deps: ArtifactsDeps, artifact: PendingArtifact): Promise<void> {
  const { id, repositoryId, projectId, repository: name } = artifact
  const manifest = await findManifest(deps, artifact)
  const classification = manifest
    ? await classify(manifest, artifact.tags, repositoryContent(deps, { projectId, name }))
    : { ...NOTHING_KNOWN, configMediaType: artifact.mediaType }
  const attestations = manifest ? attestationsIn(manifest) : []

  await transact(deps.db, async (tx) => {
    const digests = attestations.map((attestation) => attestation.digest)
    const affected = await lockArtifacts(tx, repositoryId, { ids: [id], digests })
    await saveClassification(tx, id, classification)
    if (attestations.length > 0) await markAttestations(tx, repositoryId, attestations)
    await relist(tx, idsOf(affected))
  })
}

async function findManifest(deps: ArtifactsDeps, artifact: PendingArtifact): Promise<Manifest | undefined> {
  const body = await findManifestBody(deps.db, artifact.digest)
  try {
    return body && parseManifest(body, artifact.mediaType)
  } catch (error) {
    if (error instanceof OciError) return undefined
    throw error
  }
}
