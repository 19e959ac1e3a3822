-- Nothing is sorted by id any more: every pull writes a row, and pays for what its indexes hold.
DROP INDEX audit_log_id;
CREATE INDEX audit_log_id ON audit_log (id);
