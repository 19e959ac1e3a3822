-- portolan: compatible-from 32
-- What every blob that comes in by upload or mount goes through, in one call instead of four, each of whose statements sees
-- what those that it waited for have left:
-- the upload ends (null: there is none), the repository is held against its deletion and move, the row of the digest is
-- made or locked and its grace renewed (`locked` is the id of a row that the caller has locked already), the repository
-- offers the blob, and it counts in the project, with `other_ids` of `other_sizes`.
-- `ended` is false where the upload was not there; `blob` is null where the repository is gone: nothing was done after it.
CREATE FUNCTION link_blob(
  upload uuid, upload_epoch integer, locked bigint, new_digest text, new_size bigint,
  repository bigint, project bigint, repository_name text, in_store text,
  other_ids bigint[], other_sizes bigint[],
  OUT ended boolean, OUT blob bigint, OUT stored boolean, OUT last_generation integer, OUT added bigint, OUT spent boolean)
LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  sizes bigint[];
BEGIN
  IF upload IS NOT NULL THEN
    DELETE FROM uploads u WHERE u.id = upload AND u.epoch = upload_epoch;
    ended := FOUND;
    IF NOT ended THEN RETURN; END IF;
  END IF;

  blob := locked;
  IF blob IS NULL THEN
    PERFORM FROM repositories r
      WHERE r.id = repository AND r.project_id = project AND r.name = repository_name AND r.deletion_time IS NULL
      FOR KEY SHARE;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO blobs AS b (digest, size) VALUES (new_digest, new_size)
      ON CONFLICT (digest) DO UPDATE SET offer_time = now(), size = excluded.size, collected = false
      RETURNING b.id INTO blob;
  END IF;

  INSERT INTO repository_blobs (repository_id, blob_id) VALUES (repository, blob) ON CONFLICT DO NOTHING;
  SELECT coalesce(bool_or(o.state = 'stored'), false), coalesce(max(o.generation), 0) INTO stored, last_generation
    FROM blob_objects o WHERE o.blob_id = blob AND o.store = in_store;

  IF other_ids IS NULL THEN
    ids := ARRAY[blob];
    sizes := ARRAY[new_size];
  ELSE
    -- Everybody locks what counts in the order of ids.
    SELECT array_agg(x.i ORDER BY x.i), array_agg(x.s ORDER BY x.i) INTO ids, sizes
      FROM (SELECT DISTINCT ON (i) i, s FROM unnest(other_ids || blob, other_sizes || new_size) AS n(i, s) ORDER BY i) AS x;
  END IF;
  SELECT c.added, c.spent INTO added, spent FROM count_blobs(project, ids, sizes) AS c;
END $$;
