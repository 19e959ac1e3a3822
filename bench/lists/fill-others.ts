import { digest, type Statement } from './statement.ts'

/** How many rows the lists have that hang on people, projects and single artifacts: ten thousand, or ten times as many. */
export interface OtherAmounts {
  some: number
  many: number
}

/** The policy, the repositories and artifacts that these lists hang on; the project is that of `HUGE`. */
export const OTHERS = { policy: 900_001, tagged: 'tagged', signed: 'signed', role: 900_001, group: 900_001 }

const PROJECT = `(SELECT id FROM projects WHERE name = 'bench-00001')`
const REPOSITORY = (name: string) =>
  `(SELECT id FROM repositories WHERE project_id = ${PROJECT} AND name = '${name}')`
const AGO = `now() - n * interval '1 minute'`

/** Rows of every list but those of projects, repositories and artifacts; the user is he who lists. */
export function otherStatements(userId: number, { some, many }: OtherAmounts): Statement[] {
  const rows = (count: number) => `generate_series(1, ${count}) n`
  const artifact = (repository: string) =>
    `(SELECT min(id) FROM artifacts WHERE repository_id = ${REPOSITORY(repository)} AND accessory_of IS NULL)`
  return [
    `INSERT INTO users (username, email, realname, comment, creation_time, update_time)
      SELECT 'person-' || n, 'person-' || n || '@example.org', 'Person ' || n * 7919 % ${some}, '', ${AGO}, ${AGO} FROM ${rows(some)}`,
    `INSERT INTO user_groups (id, name, type) SELECT ${OTHERS.group - 1} + n, 'group-' || n, 2 FROM ${rows(some)}`,
    `INSERT INTO members (project_id, entity_type, entity_id, role_id)
      SELECT ${PROJECT}, 'u', id, 1 + id % 5 FROM users WHERE username LIKE 'person-%'`,
    `INSERT INTO members (project_id, entity_type, entity_id, role_id)
      SELECT ${PROJECT}, 'g', user_groups.id, 1 + user_groups.id % 5 FROM user_groups WHERE name LIKE 'group-%' ORDER BY user_groups.id LIMIT 1000`,
    `INSERT INTO robots (project_id, name, description, duration, creator_type, creator_id, creation_time, update_time)
      SELECT p, 'robot-' || n, 'text ' || n, 30, 'local', 1, ${AGO}, ${AGO}
      FROM ${rows(some)} CROSS JOIN (VALUES (NULL::bigint), (${PROJECT})) AS place(p)`,
    `INSERT INTO robot_grants (robot_id, kind, project_id, access)
      SELECT r.id, 'project', coalesce(r.project_id, p.id),
        '[{"resource": "repository", "action": "pull"}, {"resource": "repository", "action": "push"}]'
      FROM robots r JOIN projects p ON p.name = 'bench-' || lpad((r.id % 1000 + 1)::text, 5, '0')
      WHERE r.name LIKE 'robot-%'`,
    `INSERT INTO labels (project_id, name, description, color, creation_time)
      SELECT p, 'label-' || n, 'text ' || n, '#0065AB', ${AGO}
      FROM ${rows(some)} CROSS JOIN (VALUES (NULL::bigint), (${PROJECT})) AS place(p)`,
    `INSERT INTO quota_usage (project_id, slot, bytes)
      SELECT id, slot, id * 7919 % 100003 FROM projects CROSS JOIN generate_series(0, 7) slot WHERE name LIKE 'bench-%'
      ON CONFLICT DO NOTHING`,
    `INSERT INTO repositories (project_id, name, description, publish_time)
      SELECT ${PROJECT}, name, '', now() FROM (VALUES ('${OTHERS.tagged}'), ('${OTHERS.signed}')) AS r(name)`,
    `INSERT INTO artifacts (repository_id, digest, media_type, config_media_type, type, manifest_size, size, listed, tagged)
      SELECT id, ${digest("'others/' || name")}, 'application/vnd.oci.image.manifest.v1+json',
        'application/vnd.oci.image.config.v1+json', 'IMAGE', 700, 1000, true, true
      FROM repositories WHERE project_id = ${PROJECT} AND name IN ('${OTHERS.tagged}', '${OTHERS.signed}')`,
    `INSERT INTO artifact_counts (repository_id, delta)
      SELECT id, 1 FROM repositories WHERE project_id = ${PROJECT} AND name IN ('${OTHERS.tagged}', '${OTHERS.signed}')`,
    `INSERT INTO tags (repository_id, name, artifact_id, push_time, pull_time)
      SELECT ${REPOSITORY(OTHERS.tagged)}, 'tag-' || n, ${artifact(OTHERS.tagged)}, ${AGO}, CASE WHEN n % 3 = 0 THEN ${AGO} END
      FROM ${rows(many)}`,
    `INSERT INTO artifacts (repository_id, digest, media_type, artifact_type, type, manifest_size, size, subject_digest,
        accessory_of, accessory_type, push_time, listed, tagged)
      SELECT repository_id, ${digest("'signature/' || n")}, media_type, 'application/vnd.dev.cosign.artifact.sig.v1+json', 'IMAGE',
        700, 1000 + n, digest, digest, 'signature.cosign', ${AGO}, false, false
      FROM artifacts CROSS JOIN ${rows(some)} WHERE id = ${artifact(OTHERS.signed)}`,
    `INSERT INTO tag_history (repository_id, tag, event_id, operation, digest, username, op_time)
      SELECT ${REPOSITORY(OTHERS.tagged)}, 'tag-1', n, 'create', ${digest("'history/' || n")}, 'person-1', ${AGO} FROM ${rows(1000)}`,
    `INSERT INTO trashed_artifacts (repository_id, digest, media_type, size, tags, username, deletion_time, expiry_time)
      SELECT ${REPOSITORY('huge')}, ${digest("'trash/' || n")}, 'application/vnd.oci.image.manifest.v1+json', 1000,
        ARRAY['v' || n], 'person-1', ${AGO}, now() + interval '7 days' FROM ${rows(many)}`,
    `INSERT INTO trashed_tags (repository_id, name, digest, username, deletion_time, expiry_time)
      SELECT ${REPOSITORY('huge')}, 'old-' || n, ${digest("'trash/' || n")}, 'person-1', ${AGO}, now() + interval '7 days'
      FROM ${rows(many)}`,
    `INSERT INTO repositories (project_id, name, description, publish_time, deletion_time, expiry_time, deleted_by)
      SELECT ${PROJECT}, 'deleted-' || n, '', now(), ${AGO}, now() + interval '7 days', 'person-1' FROM ${rows(some)}`,
    `INSERT INTO webhook_policies (id, project_id, name, description, enabled, event_types, targets)
      VALUES (${OTHERS.policy}, ${PROJECT}, 'bench', '', false, '{PUSH_ARTIFACT}',
        '[{"type": "http", "address": "http://127.0.0.1:1", "skip_cert_verify": true, "payload_format": "Default"}]')`,
    `INSERT INTO webhook_deliveries (policy_id, target, event_type, trigger, content_type, body, status, creation_time, start_time,
        update_time, end_time)
      SELECT ${OTHERS.policy}, 0, CASE n % 4 WHEN 0 THEN 'PULL_ARTIFACT' ELSE 'PUSH_ARTIFACT' END, 'EVENT', 'application/json',
        repeat('{"type": "PUSH_ARTIFACT"}', 40), CASE n % 50 WHEN 0 THEN 'Error' ELSE 'Success' END, ${AGO}, ${AGO}, ${AGO}, ${AGO}
      FROM ${rows(1000)}`,
    `INSERT INTO executions (vendor_type, trigger, status, start_time, update_time, end_time)
      SELECT kind, CASE n % 3 WHEN 0 THEN 'MANUAL' ELSE 'SCHEDULE' END, CASE n % 50 WHEN 0 THEN 'Error' ELSE 'Success' END,
        ${AGO}, ${AGO}, ${AGO} FROM ${rows(some)} CROSS JOIN (VALUES ('GARBAGE_COLLECTION'), ('PURGE_AUDIT_LOG')) AS k(kind)`,
    `INSERT INTO tasks (execution_id, kind, job_id, status, input, start_time, end_time)
      SELECT id, vendor_type, 'bench-' || id, status, '{}', start_time, end_time FROM executions WHERE vendor_type <> 'bench'`,
    `INSERT INTO sessions (id_hash, user_id, user_generation, creation_time, expiry_time, address)
      SELECT sha256(('bench' || n)::bytea), id, generation, ${AGO}, now() + interval '1 day', '192.0.2.1'
      FROM users CROSS JOIN ${rows(some)} WHERE id = ${userId}`,
    `INSERT INTO access_tokens (user_id, name, token_hash, preset, project_permissions)
      SELECT ${userId}, 'token-' || n, sha256(('bench' || n)::bytea), 'custom', '{repository:pull}' FROM ${rows(1000)}`,
    `INSERT INTO event_dead_letters (subscriber, event_id, type, payload, occurrence_time, error, attempts)
      SELECT 'webhooks', n, 'artifact.pushed', '{"repository": "huge"}', ${AGO}, 'it broke', 3 FROM ${rows(some)}`,
    `INSERT INTO scrub_findings (store, kind, key, digest, size, creation_time)
      SELECT 'default', 'orphan', 'blobs/' || n, ${digest("'scrub/' || n")}, n, ${AGO} FROM ${rows(many)}`,
    `INSERT INTO roles (id, name, level, system_permissions)
      SELECT ${OTHERS.role - 1} + n, 'role-' || n, 'system', '{}' FROM ${rows(1000)}`,
    `INSERT INTO role_bindings (role_id, entity_type, entity_id)
      SELECT ${OTHERS.role}, 'u', id FROM users WHERE username LIKE 'person-%'`,
  ].map((text) => ({ text }))
}
