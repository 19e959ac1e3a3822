-- How often rows of an audit log went or changed. Who has counted rows and reads the newer ones alone learns here that he must count again.
CREATE TABLE audit_removals (
  log text COLLATE "C" PRIMARY KEY,
  times bigint NOT NULL
);

CREATE FUNCTION note_audit_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_removals AS r (log, times) VALUES (TG_TABLE_NAME, 1) ON CONFLICT (log) DO UPDATE SET times = r.times + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_log_removed AFTER DELETE OR UPDATE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION note_audit_removal();
CREATE TRIGGER legacy_audit_log_removed AFTER DELETE OR UPDATE OR TRUNCATE ON legacy_audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION note_audit_removal();
