import { expect } from 'vitest'
import { createProject } from '../harness/project.ts'
import type { JobSite } from './site.ts'
import { often, type Work } from './work.ts'

/** More than are counted at once, in some batches. */
const ARTIFACTS = often ? 5_100 : 1_100

/** A deleted repository that is too large to come back within a request. */
export const repositoryRestore: Work = {
  kind: 'REPOSITORY_RESTORE',
  factory: 'repositoryRestore',
  async prepare(site) {
    const project = await createProject(site.web)
    const root = `/api/v2.0/projects/${project.name}`
    await addMany(site, project.id)
    expect((await site.admin.delete(`${root}/repositories/large`)).status).toBe(200)
    const [trashed] = JSON.parse((await site.admin.get(`${root}/trash/repositories`)).body.toString())
    const ordered = await site.send(
      'POST',
      `projects/${project.name}/trash/repositories/${trashed.id}/restore`,
      {},
    )
    expect(ordered.status).toBe(202)

    return async ({ attributes, log }) => {
      expect(attributes).toMatchObject({ total: ARTIFACTS, done: ARTIFACTS })
      expect(log).toContain('the repository is restored')
      const repository = JSON.parse((await site.admin.get(`${root}/repositories/large`)).body.toString())
      expect(repository).toMatchObject({ artifact_count: ARTIFACTS })
      const { quota } = JSON.parse((await site.admin.get(`${root}/summary`)).body.toString())
      expect(quota.used.storage).toBe(ARTIFACTS * 10)
      expect(JSON.parse((await site.admin.get(`${root}/trash/repositories`)).body.toString())).toEqual([])
      const told = `SELECT FROM told WHERE type = 'repository.restored' AND payload->>'projectName' = $1`
      expect(await site.ask(told, [project.name])).toHaveLength(1)
    }
  },
}

/** A repository whose artifacts have a blob of 10 bytes each, which count, as if they had been pushed. */
async function addMany(site: JobSite, projectId: number): Promise<void> {
  await site.ask(
    `WITH repository AS (
      INSERT INTO repositories (project_id, name, publish_time) VALUES ($1, 'large', now()) RETURNING id
    ), made AS (
      INSERT INTO blobs (digest, size)
      SELECT 'sha256:' || encode(sha256(($1 || ':' || n)::bytea), 'hex'), 10 FROM generate_series(1, $2::int) n
      RETURNING id, digest
    ), offered AS (
      INSERT INTO repository_blobs (repository_id, blob_id) SELECT r.id, m.id FROM repository r, made m
    ), counted AS (
      INSERT INTO project_blobs (project_id, blob_id, bytes) SELECT $1::bigint, id, 10 FROM made
    ), spent AS (
      INSERT INTO quota_usage AS u (project_id, slot, bytes) VALUES ($1::bigint, 0, $2::int * 10)
      ON CONFLICT (project_id, slot) DO UPDATE SET bytes = u.bytes + excluded.bytes
    ), artifacts AS (
      INSERT INTO artifacts (repository_id, digest, media_type, manifest_size, size, type, listed, tagged)
      SELECT r.id, m.digest, 'application/vnd.oci.image.manifest.v1+json', 10, 10, 'IMAGE', true, true
      FROM repository r, made m RETURNING id, digest, repository_id
    ), tagged AS (
      INSERT INTO tags (repository_id, name, artifact_id) SELECT repository_id, 'v' || id, id FROM artifacts
    ), listed AS (
      INSERT INTO artifact_counts (repository_id, delta) SELECT id, $2::int FROM repository
    )
    INSERT INTO artifact_blobs (artifact_id, blob_id, repository_id)
    SELECT a.id, m.id, a.repository_id FROM artifacts a JOIN made m USING (digest)`,
    [projectId, ARTIFACTS],
  )
}
