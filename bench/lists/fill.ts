import pg from 'pg'
import { type OtherAmounts, otherStatements } from './fill-others.ts'
import { digest, type Statement } from './statement.ts'

/** How much there is to list. */
export interface Amounts extends OtherAmounts {
  projects: number
  repositories: number
  /** In one repository. */
  artifacts: number
  /** Projects that the ordinary user is a member of. */
  memberships: number
}

/** The repository with all the artifacts, in the first of the projects. */
export const HUGE = { project: 'bench-00001', repository: 'huge' }

/**
 * Fills a server's database from the side: through the interface it would take hours. Rows are such as pushes leave; the
 * bytes behind them are not there, and no list looks at them.
 */
export async function fill(dataDirectory: string, userId: number, amounts: Amounts): Promise<void> {
  const client = new pg.Client({
    host: `${dataDirectory}/postgres`,
    user: 'portolan',
    database: 'postgres',
  })
  await client.connect()
  try {
    for (const { text, values } of statements(userId, amounts)) await client.query(text, values)
    // What autovacuum does by and by.
    await client.query('VACUUM (ANALYZE)')
  } finally {
    await client.end()
  }
}

function statements(userId: number, amounts: Amounts): Statement[] {
  return [
    {
      text: `INSERT INTO projects (name, owner_id, creation_time)
        SELECT 'bench-' || lpad(n::text, 5, '0'), (SELECT min(id) FROM users), now() - n * interval '1 minute'
        FROM generate_series(1, $1::int) n`,
      values: [amounts.projects],
    },
    {
      text: `INSERT INTO members (project_id, entity_type, entity_id, role_id)
        SELECT id, 'u', $1, 1 FROM projects WHERE name LIKE 'bench-%' ORDER BY name LIMIT $2`,
      values: [userId, amounts.memberships],
    },
    {
      text: `INSERT INTO repositories (project_id, name, description, creation_time, publish_time, activity_time)
        SELECT p.id, CASE WHEN n = 1 THEN 'huge' ELSE 'team/app-' || n END, '', now() - n * interval '1 second', now(),
          now() - (n * 7919 % 100000) * interval '1 second'
        FROM generate_series(1, $1::int) n
        JOIN projects p ON p.name = 'bench-' || lpad(((n - 1) % $2::int + 1)::text, 5, '0')`,
      values: [amounts.repositories, amounts.projects],
    },
    {
      // One artifact for each repository, then those of the huge one.
      text: `INSERT INTO artifacts (repository_id, digest, media_type, artifact_type, config_media_type, type,
          manifest_size, size, push_time, pull_time, extra_attrs, listed, tagged)
        SELECT r.id, ${digest("r.id || '/' || n")}, 'application/vnd.oci.image.manifest.v1+json',
          CASE n % 5 WHEN 0 THEN 'application/vnd.cncf.helm.config.v1+json' ELSE 'application/vnd.oci.image.config.v1+json' END,
          CASE n % 5 WHEN 0 THEN 'application/vnd.cncf.helm.config.v1+json' ELSE 'application/vnd.oci.image.config.v1+json' END,
          CASE n % 5 WHEN 0 THEN 'CHART' ELSE 'IMAGE' END,
          700, 1000 + (n::bigint * 7919 % 1000003), now() - n * interval '37 seconds',
          CASE WHEN n % 3 = 0 THEN now() - (n * 31 % 86400) * interval '1 second' END,
          '{"os": "linux", "architecture": "amd64", "config": {"Cmd": ["/bin/true"], "Env": ["PATH=/bin"]}}', true, n % 20 <> 0
        FROM repositories r
        CROSS JOIN LATERAL generate_series(1, CASE WHEN r.name = 'huge' THEN $1::int ELSE 1 END) n`,
      values: [amounts.artifacts],
    },
    {
      // One in twenty has no tag.
      text: `INSERT INTO tags (repository_id, name, artifact_id, push_time)
        SELECT repository_id, 'v' || id, id, push_time FROM artifacts WHERE tagged`,
    },
    {
      text: `INSERT INTO artifact_counts (repository_id, delta)
        SELECT repository_id, count(*) FROM artifacts WHERE listed GROUP BY repository_id`,
    },
    ...otherStatements(userId, amounts),
  ]
}
