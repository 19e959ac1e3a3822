-- What tags have pointed to, since when and by whom.

CREATE TABLE tag_history (
  repository_id bigint NOT NULL REFERENCES repositories,
  tag text COLLATE "C" NOT NULL,
  -- Events are numbered in the order in which their transactions held the tag; 0: what is known from before there was a history.
  event_id bigint NOT NULL,
  -- pushed, tagged, deleted, restored or rolled_back.
  operation text COLLATE "C" NOT NULL,
  -- NULL: the tag was taken away.
  digest text COLLATE "C",
  -- NULL: nobody knows any more.
  username text,
  op_time timestamptz NOT NULL,
  PRIMARY KEY (repository_id, tag, event_id)
);

INSERT INTO tag_history (repository_id, tag, event_id, operation, digest, op_time)
SELECT t.repository_id, t.name, 0, 'pushed', a.digest, t.push_time
FROM tags t JOIN artifacts a ON a.id = t.artifact_id;

-- Whether an artifact of a history can be restored.
CREATE INDEX trashed_artifacts_digest ON trashed_artifacts (repository_id, digest);
