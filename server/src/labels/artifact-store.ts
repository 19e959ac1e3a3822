import { sql } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import { isForeignKeyViolation } from '../platform/db/violations.ts'
import type { Label } from './model.ts'
import { toLabel } from './store.ts'

/**
 * Puts a label on an artifact, if it is global or one of the artifact's project: `unknown` where it is
 * neither, `present` where the artifact bears it already, `gone` where there is no such artifact any more.
 */
export async function insertArtifactLabel(
  db: Database,
  artifact: { id: number; projectId: number },
  labelId: number,
): Promise<'done' | 'unknown' | 'present' | 'gone'> {
  try {
    const { rows } = await sql<{ known: boolean; inserted: boolean }>`
      WITH label AS (
        SELECT id FROM labels
        WHERE id = ${labelId} AND (project_id IS NULL OR project_id = ${artifact.projectId})
        FOR KEY SHARE
      ), inserted AS (
        INSERT INTO artifact_labels (artifact_id, label_id) SELECT ${artifact.id}::bigint, id FROM label
        ON CONFLICT DO NOTHING RETURNING label_id
      )
      SELECT EXISTS (SELECT FROM label) AS known, EXISTS (SELECT FROM inserted) AS inserted`.execute(db)
    if (!rows[0]?.known) return 'unknown'
    return rows[0].inserted ? 'done' : 'present'
  } catch (error) {
    if (isForeignKeyViolation(error)) return 'gone'
    throw error
  }
}

/** Takes a label off an artifact. Whether it bore it. */
export async function deleteArtifactLabel(
  db: Database,
  artifactId: number,
  labelId: number,
): Promise<boolean> {
  const result = await db
    .deleteFrom('artifact_labels')
    .where('artifact_id', '=', artifactId)
    .where('label_id', '=', labelId)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Takes the labels of a project off the artifacts of a repository that leaves it: they mean nothing elsewhere. */
export async function deleteLabelsOnLeaving(
  tx: Database,
  repositoryId: number,
  projectId: number,
): Promise<void> {
  await sql`
    DELETE FROM artifact_labels
    USING labels, artifacts
    WHERE labels.project_id = ${projectId} AND artifact_labels.label_id = labels.id
      AND artifacts.id = artifact_labels.artifact_id AND artifacts.repository_id = ${repositoryId}`.execute(
    tx,
  )
}

/** So many labels are told with an artifact, more than anybody reads: each can be a page of text. */
const MOST_LABELS = 1000

/** The labels of a page of artifacts by artifact, the first in the order of names. Artifacts without any are left out. */
export async function selectLabelsOf(
  db: Database,
  artifactIds: readonly number[],
): Promise<Map<number, Label[]>> {
  const { rows } = await sql<Parameters<typeof toLabel>[0] & { artifact_id: number }>`
    SELECT asked.id AS artifact_id, l.* FROM unnest(${[...artifactIds]}::bigint[]) AS asked(id)
    CROSS JOIN LATERAL (
      SELECT labels.* FROM artifact_labels JOIN labels ON labels.id = artifact_labels.label_id
      WHERE artifact_labels.artifact_id = asked.id ORDER BY labels.name, labels.id LIMIT ${MOST_LABELS}) AS l
    ORDER BY l.name, l.id`.execute(db)
  const found = new Map<number, Label[]>()
  for (const row of rows) {
    const labels = found.get(row.artifact_id) ?? []
    labels.push(toLabel(row))
    found.set(row.artifact_id, labels)
  }
  return found
}
