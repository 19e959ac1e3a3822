import { type RawBuilder, sql } from 'kysely'
import type { Descriptor, Manifest } from '../oci/manifest.ts'
import type { Database } from '../platform/db/database.ts'
import type { Classification } from './classify.ts'
import type { Artifact } from './model.ts'

/** What a pull names: a repository by its name within a project, and a tag or a digest in it. */
export interface ReferenceKey {
  projectId: number
  repository: string
  tag?: string
  digest?: string
}

/**
 * Joins to keys `k` with `repository`, `tag` and `digest` the artifact `a` that they name in a project. The order of the
 * joins is given: planned, they would read all repositories, or all artifacts of one.
 *
 * @param projectId the column that has it
 */
export function artifactOfKey(projectId: string): RawBuilder<unknown> {
  return sql`
    JOIN LATERAL (
      SELECT id FROM repositories
      WHERE project_id = ${sql.ref(projectId)} AND name = k.repository AND deletion_time IS NULL OFFSET 0) r ON true
    LEFT JOIN LATERAL (SELECT artifact_id FROM tags WHERE repository_id = r.id AND name = k.tag OFFSET 0) t ON true
    JOIN LATERAL (
      SELECT * FROM artifacts WHERE k.digest IS NULL AND artifacts.id = t.artifact_id
      UNION ALL
      SELECT * FROM artifacts
      WHERE k.digest IS NOT NULL AND artifacts.repository_id = r.id AND artifacts.digest = k.digest
      OFFSET 0
    ) a ON true`
}

/** The artifacts that the keys name, in the order of the keys. */
export async function findArtifactsByReference(
  db: Database,
  keys: readonly ReferenceKey[],
): Promise<(Artifact | undefined)[]> {
  const projectIds = keys.map((key) => key.projectId)
  const names = keys.map((key) => key.repository)
  const tags = keys.map((key) => key.tag ?? null)
  const digests = keys.map((key) => key.digest ?? null)
  const result = await sql<ArtifactRow & { ordinal: number }>`
    SELECT k.ordinal, a.id, a.repository_id, a.digest, a.media_type, a.manifest_size
    FROM unnest(${projectIds}::bigint[], ${names}::text[], ${tags}::text[], ${digests}::text[])
      WITH ORDINALITY AS k(project_id, repository, tag, digest, ordinal)
    ${artifactOfKey('k.project_id')}`.execute(db)
  const found = new Map(result.rows.map((row) => [row.ordinal, toArtifact(row)]))

  return keys.map((_, index) => found.get(index + 1))
}

export async function findManifestBody(db: Database, digest: string): Promise<Buffer | undefined> {
  const row = await db.selectFrom('manifests').select('body').where('digest', '=', digest).executeTakeFirst()

  return row?.body
}

/** Deletes the bodies of manifests that are collected; answers how many of the digests were manifests. */
export async function deleteManifestBodies(tx: Database, digests: readonly string[]): Promise<number> {
  const result = await tx
    .deleteFrom('manifests')
    .where(sql<boolean>`digest = any(${[...digests]}::text[])`)
    .executeTakeFirst()

  return Number(result.numDeletedRows)
}

/**
 * Keeps the manifest's bytes, makes the artifact, or finds it, renews its push time and fills in what was not known of it. A new one that comes
 * under a tag and stands for itself is listed and counted at once; who finds one must `relist` it.
 */
export async function upsertArtifact(
  tx: Database,
  artifact: {
    repositoryId: number
    digest: string
    body: Uint8Array
    manifest: Manifest
    /** Bytes of everything it references; of an index, with all that its children reference. */
    referencedSize: number
    classification: Classification
    tagged: boolean
  },
): Promise<{ id: number; created: boolean; listed: boolean }> {
  const { digest, body, manifest, classification, tagged } = artifact
  const listed = tagged && classification.accessory === undefined && manifest.subject === undefined
  const insert = tx
    .insertInto('artifacts')
    .values({
      repository_id: artifact.repositoryId,
      digest,
      media_type: manifest.mediaType,
      artifact_type: manifest.artifactType ?? null,
      manifest_size: body.length,
      size: body.length + artifact.referencedSize,
      subject_digest: manifest.subject?.digest ?? null,
      annotations: JSON.stringify(manifest.annotations),
      listed,
      tagged,
      ...classificationColumns(classification),
    })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'digest']).doUpdateSet({
        push_time: sql<Date>`now()`,
        type: sql`coalesce(artifacts.type, excluded.type)`,
        config_media_type: sql`coalesce(artifacts.config_media_type, excluded.config_media_type)`,
        extra_attrs: sql`coalesce(artifacts.extra_attrs, excluded.extra_attrs)`,
        icon: sql`coalesce(artifacts.icon, excluded.icon)`,
        accessory_type: sql`coalesce(artifacts.accessory_type, excluded.accessory_type)`,
        accessory_of: sql`coalesce(artifacts.accessory_of, excluded.accessory_of)`,
      }),
    )
    .returning(['id', 'repository_id', sql<boolean>`xmax = 0`.as('created'), 'listed'])
  const kept = tx.with('kept', (db) =>
    db
      .insertInto('manifests')
      .values({ digest, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) })
      .onConflict((conflict) => conflict.doNothing()),
  )
  const query = listed
    ? kept
        .with('pushed', () => insert)
        .with('counted', (db) =>
          db
            .insertInto('artifact_counts')
            .expression(
              db
                .selectFrom('pushed')
                .select(['repository_id', sql<number>`1`.as('delta')])
                .where('created', '=', true),
            )
            .columns(['repository_id', 'delta']),
        )
        .selectFrom('pushed')
        .select(['id', 'created', 'listed'])
    : kept
        .with('pushed', () => insert)
        .selectFrom('pushed')
        .select(['id', 'created', 'listed'])

  return query.executeTakeFirstOrThrow()
}

/** A classification as the columns of `artifacts`. */
export function classificationColumns({ attributes, icon, accessory, ...kind }: Classification) {
  return {
    type: kind.type,
    config_media_type: kind.configMediaType,
    extra_attrs: attributes === undefined ? null : JSON.stringify(attributes),
    icon: icon ?? null,
    accessory_type: accessory?.type ?? null,
    accessory_of: accessory?.of ?? null,
  }
}

export async function insertArtifactChildren(
  tx: Database,
  artifactId: number,
  children: Descriptor[],
): Promise<void> {
  const rows = children.map((child, position) => ({
    artifact_id: artifactId,
    position,
    child_digest: child.digest,
    platform: child.platform ?? null,
    annotations: child.annotations ?? null,
  }))
  await sql`
    INSERT INTO artifact_children (artifact_id, position, child_digest, platform, annotations)
    SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS c(artifact_id bigint, position integer, child_digest text, platform jsonb, annotations jsonb)
    ON CONFLICT DO NOTHING`.execute(tx)
}

/** Id of the artifact of that digest. */
export async function findArtifactId(
  db: Database,
  repositoryId: number,
  digest: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('artifacts')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()

  return row?.id
}

/** Whether an index of the same repository lists the digest. */
export async function isListedByIndex(tx: Database, repositoryId: number, digest: string): Promise<boolean> {
  const row = await tx
    .selectFrom('artifact_children')
    .innerJoin('artifacts', 'artifacts.id', 'artifact_children.artifact_id')
    .select('artifacts.id')
    .where('artifact_children.child_digest', '=', digest)
    .where('artifacts.repository_id', '=', repositoryId)
    .limit(1)
    .executeTakeFirst()

  return row !== undefined
}

export interface ArtifactRow {
  id: number
  repository_id: number
  digest: string
  media_type: string
  manifest_size: number
}

export function toArtifact(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    digest: row.digest,
    mediaType: row.media_type,
    manifestSize: row.manifest_size,
  }
}
