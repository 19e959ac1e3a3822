-- The tags of an artifact are listed newest first, and an artifact may have many: the index has their order.
DROP INDEX tags_artifact;
CREATE INDEX tags_artifact ON tags (artifact_id, push_time, id);
