-- A million rows of each audit log over a year, of 1,000 projects and 500 users, a tenth of the projects with most of
-- them; `bench-member`, who must be there (password Bench12345), administers 300 projects. For a fresh database:
--   psql -h <data directory>/postgres -U portolan postgres -f audit-rows.sql
SET client_min_messages = warning;
BEGIN;
INSERT INTO projects (name, owner_id, public)
SELECT 'bench-' || i, (SELECT min(id) FROM users), false FROM generate_series(1, 1000) AS i
ON CONFLICT DO NOTHING;
INSERT INTO members (project_id, entity_type, entity_id, role_id)
SELECT p.id, 'u', u.id, 1 FROM projects p, users u
WHERE u.username = 'bench-member' AND p.name LIKE 'bench-%' AND substr(p.name, 7)::integer % 10 < 3
ON CONFLICT DO NOTHING;

DO $$
DECLARE
  month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '12 months';
  name text;
BEGIN
  FOR n IN 0..13 LOOP
    name := 'audit_log_' || to_char((month + n * interval '1 month') AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(name) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)',
        name, month + n * interval '1 month', month + (n + 1) * interval '1 month');
    END IF;
  END LOOP;
END $$;

WITH ids AS (SELECT array_agg(id ORDER BY id) AS ids FROM projects WHERE name LIKE 'bench-%'),
made AS (
  SELECT now() - (1000000 - i) * interval '31 seconds' AS op_time, i,
    CASE WHEN random() < 0.7 THEN 1 + (power(random(), 3) * 99)::integer ELSE 1 + (random() * 999)::integer END AS project,
    CASE WHEN random() < 0.3 THEN 'builder' ELSE 'user-' || (power(random(), 2) * 499)::integer END AS username,
    random() AS kind
  FROM generate_series(1, 1000000) AS i
)
INSERT INTO audit_log (op_time, project_id, project_name, operation, resource_type, resource, username, op_desc, op_result, source_ip)
SELECT op_time, CASE WHEN kind < 0.95 THEN ids[project] ELSE 0 END,
  CASE WHEN kind < 0.95 THEN 'bench-' || project ELSE '' END,
  CASE WHEN kind < 0.6 THEN 'pull' WHEN kind < 0.9 THEN 'create' WHEN kind < 0.95 THEN 'delete' ELSE 'login' END,
  CASE WHEN kind < 0.85 THEN 'artifact' WHEN kind < 0.93 THEN 'tag' WHEN kind < 0.95 THEN 'member' ELSE 'user' END,
  CASE WHEN kind < 0.95 THEN 'bench-' || project || '/app-' || i % 40 || ':' || i % 500 ELSE username END,
  username, 'pull artifact: bench-' || project || '/app@sha256:' || md5(i::text) || md5(username), kind < 0.99, '192.0.2.1'
FROM made, ids;

DELETE FROM audit_counts;
INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
SELECT g.grain, g.project_id, g.username, g.period, a.operation, a.resource_type, a.op_result, count(*)
FROM audit_log a
CROSS JOIN LATERAL (SELECT (a.op_time AT TIME ZONE 'UTC')::date AS day) t
CROSS JOIN LATERAL (SELECT t.day - (extract(day FROM t.day)::integer - 1
  - least((extract(day FROM t.day)::integer - 1) / 10, 2) * 10) AS third) u
CROSS JOIN LATERAL (VALUES ('d', 0::bigint, '', t.day), ('p', a.project_id, '', u.third), ('u', 0::bigint, a.username, u.third),
  ('q', a.project_id, '', 'infinity'::date), ('t', 0::bigint, a.username, 'infinity'::date)) AS g(grain, project_id, username, period)
GROUP BY 1, 2, 3, 4, 5, 6, 7;
DELETE FROM audit_user_counts;
INSERT INTO audit_user_counts (project_id, period, username, operation, resource_type, op_result, rows)
SELECT project_id, g.period, username, operation, resource_type, op_result, count(*)
FROM audit_log CROSS JOIN LATERAL (VALUES (date_trunc('month', op_time AT TIME ZONE 'UTC')::date), ('infinity'::date)) AS g(period)
GROUP BY 1, 2, 3, 4, 5, 6;
COMMIT;
VACUUM ANALYZE audit_log;
VACUUM ANALYZE audit_counts;
VACUUM ANALYZE audit_user_counts;

-- The same a second time, as if it had been taken over from a Harbor of old.
INSERT INTO legacy_audit_log (id, op_time, project_id, operation, resource_type, resource, username)
SELECT id, op_time, project_id, operation, resource_type, resource, username FROM audit_log;
VACUUM ANALYZE legacy_audit_log;
VACUUM ANALYZE legacy_audit_counts;
VACUUM ANALYZE legacy_audit_user_counts;
