-- Lists of artifacts and of repositories that stay quick however much there is.

-- Whether the artifact stands in lists: it is no accessory, and has a tag or no index that lists it. Kept by
-- pushes, tags and deletions, under a lock on the row.
ALTER TABLE artifacts ADD COLUMN listed boolean NOT NULL DEFAULT false;

-- How many listed artifacts a repository has: the sum of its rows. Rows are only added, so that pushes do not wait
-- for each other, and summed up to one from time to time.
CREATE TABLE artifact_counts (
  repository_id bigint NOT NULL REFERENCES repositories,
  delta bigint NOT NULL
);
CREATE INDEX artifact_counts_repository ON artifact_counts (repository_id) INCLUDE (delta);

UPDATE artifacts a SET listed = true
WHERE a.accessory_of IS NULL AND a.subject_digest IS NULL AND (
  EXISTS (SELECT FROM tags t WHERE t.artifact_id = a.id)
  OR NOT EXISTS (
    SELECT FROM artifact_children c JOIN artifacts p ON p.id = c.artifact_id
    WHERE c.child_digest = a.digest AND p.repository_id = a.repository_id));
INSERT INTO artifact_counts (repository_id, delta)
SELECT repository_id, count(*) FROM artifacts WHERE listed GROUP BY repository_id;

-- One for each order that a list can be asked for; the id decides between equals, in the same direction.
CREATE INDEX artifacts_by_push_time ON artifacts (repository_id, push_time, id) WHERE listed;
CREATE INDEX artifacts_by_pull_time ON artifacts (repository_id, pull_time, id) WHERE listed;
CREATE INDEX artifacts_by_size ON artifacts (repository_id, size, id) WHERE listed;

-- When nothing was left any more below a deleted repository.
ALTER TABLE repositories ADD COLUMN sweep_time timestamptz;
CREATE INDEX repositories_to_sweep ON repositories (deletion_time)
  WHERE deletion_time IS NOT NULL AND sweep_time IS NULL;
