-- Who did what: filled from the events, one row for each. Partitioned by month (audit/partition-store.ts makes the
-- partitions), so that what is too old goes with its table.
CREATE SEQUENCE audit_log_ids;
CREATE TABLE audit_log (
  id bigint NOT NULL DEFAULT nextval('audit_log_ids'),
  op_time timestamptz NOT NULL,
  -- 0: of no project. No reference: the row outlives what it speaks of.
  project_id bigint NOT NULL DEFAULT 0,
  operation text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL,
  -- Names as they were.
  resource text COLLATE "C" NOT NULL DEFAULT '',
  project_name text COLLATE "C" NOT NULL DEFAULT '',
  username text COLLATE "C" NOT NULL DEFAULT '',
  op_desc text NOT NULL DEFAULT '',
  op_result boolean NOT NULL DEFAULT true,
  source_ip text,
  PRIMARY KEY (op_time, id) INCLUDE (project_id)
) PARTITION BY RANGE (op_time);
CREATE INDEX audit_log_project ON audit_log (project_id, op_time, id) INCLUDE (operation, resource_type, username);
CREATE INDEX audit_log_username ON audit_log (username, op_time, id) INCLUDE (project_id, operation, resource_type);
CREATE INDEX audit_log_operation ON audit_log (operation, resource_type, op_time, id) INCLUDE (project_id);
CREATE INDEX audit_log_resource ON audit_log (resource, op_time, id) INCLUDE (project_id);

-- The audit log of a Harbor that was taken over, as it was before Harbor's release 2.13. Nothing new comes in.
CREATE TABLE legacy_audit_log (
  id bigint PRIMARY KEY,
  op_time timestamptz NOT NULL,
  project_id bigint NOT NULL,
  operation text COLLATE "C" NOT NULL,
  resource_type text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  username text COLLATE "C" NOT NULL
);
CREATE INDEX legacy_audit_log_time ON legacy_audit_log (op_time, id);
CREATE INDEX legacy_audit_log_project ON legacy_audit_log (project_id, op_time, id);
