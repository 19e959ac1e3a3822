-- Storage quotas: which blobs count in a project, and how many bytes that makes. Programs of before do not count, so
-- none of them may go on beside this.

-- The distinct blobs that count in a project: those its artifacts reference, and those that were uploaded or mounted
-- and no manifest has referenced yet. No reference to projects: its check would lock the one project row in every push.
CREATE TABLE project_blobs (
  project_id bigint NOT NULL,
  blob_id bigint NOT NULL REFERENCES blobs,
  -- As counted: what is given back is what was taken.
  bytes bigint NOT NULL,
  creation_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, blob_id)
);
-- Rows are looked through once, when they have come of age: did a manifest reference them?
CREATE INDEX project_blobs_age ON project_blobs USING brin (creation_time) WITH (pages_per_range = 8, autosummarize = on);

-- The sum of `project_blobs.bytes`, in slots, so that pushes do not wait for each other: the sum over the slots of a
-- project is exact at any moment, one slot alone may well be below zero.
CREATE TABLE quota_usage (
  project_id bigint NOT NULL,
  slot integer NOT NULL,
  bytes bigint NOT NULL,
  -- How far this slot may be filled; NULL: without limit. The allowances of a project add up to its limit.
  allowance bigint,
  PRIMARY KEY (project_id, slot)
) WITH (fillfactor = 50);

-- In which repository the artifact is: whether a project references a blob is asked for at every deletion.
ALTER TABLE artifact_blobs ADD COLUMN repository_id bigint;
UPDATE artifact_blobs SET repository_id = a.repository_id FROM artifacts a WHERE a.id = artifact_blobs.artifact_id;
ALTER TABLE artifact_blobs ALTER COLUMN repository_id SET NOT NULL;
DROP INDEX artifact_blobs_blob;
CREATE INDEX artifact_blobs_blob ON artifact_blobs (blob_id, repository_id);

-- What is there already counts: referenced blobs, and those that are offered and referenced by nothing.
INSERT INTO project_blobs (project_id, blob_id, bytes)
SELECT DISTINCT r.project_id, b.id, b.size
FROM repositories r
JOIN repository_blobs rb ON rb.repository_id = r.id
JOIN blobs b ON b.id = rb.blob_id
WHERE r.deletion_time IS NULL;
INSERT INTO quota_usage (project_id, slot, bytes)
SELECT project_id, 0, sum(bytes) FROM project_blobs GROUP BY project_id;
UPDATE quota_usage SET allowance = storage_limit FROM projects WHERE projects.id = project_id;

-- Counts blobs in a project: holds those that count already against whoever takes them out, adds the others and
-- spends their bytes from a free slot with room for them; `spent` is false where none is free. One call, because
-- every push makes it: a loop of statements that each see what was committed before them, in the order of the ids,
-- so that pushes which share blobs never wait in a circle.
CREATE FUNCTION count_blobs(project bigint, ids bigint[], sizes bigint[], OUT added bigint, OUT spent boolean)
LANGUAGE plpgsql AS $$
DECLARE
  free integer;
BEGIN
  added := 0;
  FOR i IN 1 .. cardinality(ids) LOOP
    LOOP
      PERFORM FROM project_blobs WHERE project_id = project AND blob_id = ids[i] FOR KEY SHARE;
      EXIT WHEN FOUND;
      INSERT INTO project_blobs (project_id, blob_id, bytes) VALUES (project, ids[i], sizes[i])
        ON CONFLICT DO NOTHING;
      IF FOUND THEN
        added := added + sizes[i];
        EXIT;
      END IF;
    END LOOP;
  END LOOP;
  spent := added = 0;
  IF spent THEN RETURN; END IF;

  SELECT slot INTO free FROM quota_usage
    WHERE project_id = project AND (allowance IS NULL OR bytes + added <= allowance)
    ORDER BY allowance - bytes LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    UPDATE quota_usage SET bytes = bytes + added WHERE project_id = project AND slot = free;
    spent := true;
  END IF;
END $$;
