-- How many rows of the audit log each user name has in each project and month, for those who may see some projects only and ask
-- for a name, or for the order of names. An index of its own that has the counts too: a member of many projects has many cells.
CREATE TABLE audit_user_counts (
  project_id bigint NOT NULL,
  username text COLLATE "C" NOT NULL,
  -- First day of the month, in UTC.
  period date NOT NULL,
  rows bigint NOT NULL,
  PRIMARY KEY (project_id, username, period) INCLUDE (rows)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

INSERT INTO audit_user_counts (project_id, username, period, rows)
SELECT project_id, username, date_trunc('month', op_time AT TIME ZONE 'UTC')::date, count(*)
FROM audit_log GROUP BY 1, 2, 3;
