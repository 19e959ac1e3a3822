import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Attestation } from './detect.ts'

/**
 * Makes attestations that stand beside an image in an index accessories of that image. In digest order, so that
 * pushes of indexes with the same children never wait in a circle; what is one already is left alone.
 */
export async function markAttestations(
  tx: Database,
  repositoryId: number,
  attestations: readonly Attestation[],
): Promise<void> {
  const digests = attestations.map((entry) => entry.digest)
  const subjects = attestations.map((entry) => entry.of)
  await sql`
    UPDATE artifacts SET accessory_type = 'attestation.buildkit', accessory_of = found.subject
    FROM (
      SELECT artifacts.id, marked.subject
      FROM unnest(${digests}::text[], ${subjects}::text[]) AS marked(digest, subject)
      JOIN artifacts ON artifacts.repository_id = ${repositoryId} AND artifacts.digest = marked.digest
      WHERE artifacts.type = 'ATTESTATION' AND artifacts.accessory_type IS NULL
      ORDER BY artifacts.digest
      FOR NO KEY UPDATE OF artifacts
    ) AS found
    WHERE artifacts.id = found.id`.execute(tx)
}
