-- Pages of artifact lists in every order and with the usual filters, from an index alone however far down: what
-- decides whether a row counts stands in the index too.

-- Whether the artifact has a tag. Kept as `listed` is.
ALTER TABLE artifacts ADD COLUMN tagged boolean NOT NULL DEFAULT false;
UPDATE artifacts SET tagged = true WHERE id IN (SELECT artifact_id FROM tags);

DROP INDEX artifacts_by_push_time;
DROP INDEX artifacts_by_pull_time;
DROP INDEX artifacts_by_size;
CREATE INDEX artifacts_by_push_time ON artifacts (repository_id, push_time, id)
  INCLUDE (type, tagged, size) WHERE listed;
CREATE INDEX artifacts_by_pull_time ON artifacts (repository_id, pull_time, id)
  INCLUDE (type, tagged, size, push_time) WHERE listed;
CREATE INDEX artifacts_by_size ON artifacts (repository_id, size, id)
  INCLUDE (type, tagged, push_time) WHERE listed;
CREATE INDEX artifacts_by_digest ON artifacts (repository_id, digest, id)
  INCLUDE (type, tagged, size, push_time) WHERE listed;
CREATE INDEX artifacts_by_type ON artifacts (repository_id, type, id)
  INCLUDE (tagged, size, push_time) WHERE listed;
CREATE INDEX artifacts_by_media_type ON artifacts (repository_id, config_media_type, id)
  INCLUDE (type, tagged, size, push_time) WHERE listed;
CREATE INDEX artifacts_by_artifact_type ON artifacts (repository_id, artifact_type, id)
  INCLUDE (type, tagged, size, push_time) WHERE listed;
