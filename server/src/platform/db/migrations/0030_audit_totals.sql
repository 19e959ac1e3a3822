-- Counts of users tell everything that can be filtered by, and cells of all time (`infinity`) stand beside those of periods:
-- the order of names, projects or operations is found from these alone.
--   'q'  of its project, of all time
--   't'  of its user name, of all time
ALTER TABLE audit_counts DROP CONSTRAINT audit_counts_grain_check;
ALTER TABLE audit_counts ADD CONSTRAINT audit_counts_grain_check CHECK (grain IN ('d', 'p', 'u', 'q', 't'));
INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
SELECT CASE grain WHEN 'p' THEN 'q' ELSE 't' END, project_id, username, 'infinity'::date, operation, resource_type, op_result,
  sum(rows)
FROM audit_counts WHERE grain IN ('p', 'u') GROUP BY 1, 2, 3, 5, 6, 7;

DROP TABLE audit_user_counts;
CREATE TABLE audit_user_counts (
  project_id bigint NOT NULL,
  -- First day of the month, in UTC; `infinity`: of all time.
  period date NOT NULL,
  username text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL,
  op_result boolean NOT NULL,
  rows bigint NOT NULL,
  PRIMARY KEY (project_id, period, username, operation, resource_type, op_result) INCLUDE (rows)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO audit_user_counts (project_id, period, username, operation, resource_type, op_result, rows)
SELECT project_id, date_trunc('month', op_time AT TIME ZONE 'UTC')::date, username, operation, resource_type, op_result, count(*)
FROM audit_log GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6;
INSERT INTO audit_user_counts (project_id, period, username, operation, resource_type, op_result, rows)
SELECT project_id, 'infinity'::date, username, operation, resource_type, op_result, sum(rows)
FROM audit_user_counts GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6;

-- A span of time can be read from one index whatever else is asked.
ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey;
ALTER TABLE audit_log ADD PRIMARY KEY (op_time, id) INCLUDE (project_id, operation, resource_type, username, op_result);
DROP INDEX audit_log_project;
CREATE INDEX audit_log_project ON audit_log (project_id, op_time, id) INCLUDE (operation, resource_type, username, op_result);
DROP INDEX audit_log_username;
CREATE INDEX audit_log_username ON audit_log (username, op_time, id) INCLUDE (project_id, operation, resource_type, op_result);
CREATE INDEX audit_log_failure ON audit_log (op_time, id) INCLUDE (project_id, operation, resource_type, username) WHERE NOT op_result;

-- Ids come in the order of time: the places of one need no tree, which every row would pay for.
DROP INDEX audit_log_id;
CREATE INDEX audit_log_id ON audit_log USING brin (id) WITH (pages_per_range = 16);
