-- How many rows the audit log has, so that lists are counted and deep pages found without reading them. Written in the
-- statement that writes the rows. Each row is in three cells:
--   'd'  of its day
--   'p'  of its third of a month (from the 1st, 11th, 21st) and project
--   'u'  of its third of a month and user name
CREATE TABLE audit_counts (
  grain text COLLATE "C" NOT NULL CHECK (grain IN ('d', 'p', 'u')),
  -- 0 and '' where the grain does not tell them apart.
  project_id bigint NOT NULL,
  username text COLLATE "C" NOT NULL,
  -- First day, in UTC.
  period date NOT NULL,
  operation text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL,
  op_result boolean NOT NULL,
  rows bigint NOT NULL,
  PRIMARY KEY (grain, project_id, username, period, operation, resource_type, op_result)
) WITH (fillfactor = 70);

INSERT INTO audit_counts (grain, project_id, username, period, operation, resource_type, op_result, rows)
SELECT g.grain, g.project_id, g.username, g.period, a.operation, a.resource_type, a.op_result, count(*)
FROM audit_log a
CROSS JOIN LATERAL (SELECT (a.op_time AT TIME ZONE 'UTC')::date AS day) t
CROSS JOIN LATERAL (SELECT t.day - (extract(day FROM t.day)::integer - 1
  - least((extract(day FROM t.day)::integer - 1) / 10, 2) * 10) AS third) u
CROSS JOIN LATERAL (VALUES ('d', 0::bigint, '', t.day), ('p', a.project_id, '', u.third), ('u', 0::bigint, a.username, u.third))
  AS g(grain, project_id, username, period)
GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- What filters and the caller's projects ask for stands in the indexes that pages are read from.
CREATE INDEX audit_log_id ON audit_log (id) INCLUDE (op_time, project_id, operation, resource_type);
DROP INDEX audit_log_resource;
CREATE INDEX audit_log_resource ON audit_log (resource, op_time, id) INCLUDE (project_id, operation, resource_type);
ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey;
ALTER TABLE audit_log ADD PRIMARY KEY (op_time, id) INCLUDE (project_id, operation, resource_type);
