-- Whoever sorts by resource reads one index, whatever else is asked.
DROP INDEX audit_log_resource;
CREATE INDEX audit_log_resource ON audit_log (resource, op_time, id) INCLUDE (project_id, operation, resource_type, username, op_result);

-- The log that was taken over is listed as the present one is: what filters ask for stands in the indexes, and counts tell how
-- many rows there are.
DROP INDEX legacy_audit_log_time;
CREATE INDEX legacy_audit_log_time ON legacy_audit_log (op_time, id) INCLUDE (project_id, operation, resource_type, username);
DROP INDEX legacy_audit_log_project;
CREATE INDEX legacy_audit_log_project ON legacy_audit_log (project_id, op_time, id) INCLUDE (operation, resource_type, username);
CREATE INDEX legacy_audit_log_username ON legacy_audit_log (username, op_time, id) INCLUDE (project_id, operation, resource_type);
CREATE INDEX legacy_audit_log_operation ON legacy_audit_log (operation, resource_type, op_time, id) INCLUDE (project_id, username);
CREATE INDEX legacy_audit_log_resource ON legacy_audit_log (resource, op_time, id) INCLUDE (project_id, operation, resource_type, username);

CREATE TABLE legacy_audit_counts (LIKE audit_counts INCLUDING ALL);
CREATE TABLE legacy_audit_user_counts (LIKE audit_user_counts INCLUDING ALL);

-- Rows come here once, from another program's tables, and are purged in time. The table counts them itself: whoever fills it
-- copies rows and need not know of counts.
CREATE FUNCTION count_legacy_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO legacy_audit_counts AS c (grain, project_id, username, period, operation, resource_type, op_result, rows)
  SELECT g.grain, g.project_id, g.username, g.period, a.operation, a.resource_type, true,
    CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
  FROM changed a
  CROSS JOIN LATERAL (SELECT (a.op_time AT TIME ZONE 'UTC')::date AS day) t
  CROSS JOIN LATERAL (SELECT t.day - (extract(day FROM t.day)::integer - 1
    - least((extract(day FROM t.day)::integer - 1) / 10, 2) * 10) AS third) u
  CROSS JOIN LATERAL (VALUES ('d', 0::bigint, '', t.day), ('p', a.project_id, '', u.third), ('u', 0::bigint, a.username, u.third),
    ('q', a.project_id, '', 'infinity'::date), ('t', 0::bigint, a.username, 'infinity'::date)) AS g(grain, project_id, username, period)
  GROUP BY 1, 2, 3, 4, 5, 6
  ORDER BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (grain, project_id, username, period, operation, resource_type, op_result)
    DO UPDATE SET rows = c.rows + excluded.rows;
  INSERT INTO legacy_audit_user_counts AS c (project_id, period, username, operation, resource_type, op_result, rows)
  SELECT a.project_id, g.period, a.username, a.operation, a.resource_type, true,
    CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
  FROM changed a
  CROSS JOIN LATERAL (VALUES (date_trunc('month', a.op_time AT TIME ZONE 'UTC')::date), ('infinity'::date)) AS g(period)
  GROUP BY 1, 2, 3, 4, 5
  ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (project_id, period, username, operation, resource_type, op_result)
    DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
CREATE TRIGGER legacy_audit_log_added AFTER INSERT ON legacy_audit_log REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_legacy_audit_log();
CREATE TRIGGER legacy_audit_log_gone AFTER DELETE ON legacy_audit_log REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_legacy_audit_log();

CREATE TEMPORARY TABLE taken_over ON COMMIT DROP AS TABLE legacy_audit_log;
TRUNCATE legacy_audit_log;
INSERT INTO legacy_audit_log TABLE taken_over;
