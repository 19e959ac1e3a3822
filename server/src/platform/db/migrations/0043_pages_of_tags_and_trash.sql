-- portolan: compatible-from 42
-- The tags of one artifact by name: there may be a hundred thousand, and sorting them took longer than a page may.
CREATE INDEX tags_artifact_name ON tags (artifact_id, name);

-- Pages of the trash, and how much there is, from an index alone: what decides whether a row counts stands in it too.
DROP INDEX trashed_artifacts_repository;
CREATE INDEX trashed_artifacts_repository ON trashed_artifacts (repository_id, deletion_time, id) INCLUDE (expiry_time)
  WHERE root_id IS NULL;
DROP INDEX trashed_tags_repository;
CREATE INDEX trashed_tags_repository ON trashed_tags (repository_id, deletion_time, id) INCLUDE (expiry_time);
