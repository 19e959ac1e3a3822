import type pg from 'pg'

/**
 * Gives a project a repository `many` with so many artifacts, every one with a tag and a blob that it shares with others; rows as
 * pushes leave them, the bytes behind them are not there.
 */
export async function fillRepository(client: pg.Client, projectId: number, tags: number): Promise<void> {
  const digest = (text: string) => `'sha256:' || encode(sha256((${text})::bytea), 'hex')`
  await client.query(
    `WITH made AS (INSERT INTO repositories (project_id, name, publish_time) VALUES ($1, 'many', now()) RETURNING id)
      INSERT INTO artifact_counts (repository_id, delta) SELECT id, $2 FROM made`,
    [projectId, tags],
  )
  await client.query(
    `INSERT INTO blobs (digest, size) SELECT ${digest("'deletions/' || n")}, 10 FROM generate_series(1, 2000) n`,
  )
  await client.query(
    `WITH shared AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM blobs
      ), made AS (
        INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, type, listed, tagged)
        SELECT r.id, ${digest('n::text')}, 'application/vnd.oci.image.manifest.v1+json', 10, 20, 'IMAGE', true, true
        FROM repositories r, generate_series(1, $1::int) n RETURNING id, repository_id
      ), referenced AS (
        INSERT INTO artifact_blobs (artifact_id, blob_id, repository_id)
        SELECT m.id, s.id, m.repository_id FROM made m JOIN shared s ON s.n = m.id % 2000 + 1
      )
      INSERT INTO tags (repository_id, name, artifact_id)
      SELECT repository_id, 'build-' || id || '-g' || to_hex(id * 7919), id FROM made`,
    [tags],
  )
}
