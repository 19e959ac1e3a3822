-- portolan: compatible-from 39
-- The row of a digest, made where there is none, and locked until the transaction ends: whoever stores or collects this digest
-- waits. Renews its grace, and is no collected one from here on. `new_size` is that of the bytes: a row that was made for a
-- reference has what some manifest said of it.
CREATE FUNCTION lock_blob(new_digest text, new_size bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  blob bigint;
BEGIN
  INSERT INTO blobs AS b (digest, size) VALUES (new_digest, new_size)
    ON CONFLICT (digest) DO UPDATE SET offer_time = now(), size = excluded.size, collected = false
    RETURNING b.id INTO blob;
  RETURN blob;
END $$;

-- As they were, but for that.
CREATE OR REPLACE FUNCTION link_blob(
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
    blob := lock_blob(new_digest, new_size);
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

CREATE OR REPLACE FUNCTION lock_push(
  repository bigint, project bigint, repository_name text, in_store text, blob_digests text[],
  own_digest text, own_size bigint, tag_names text[], artifact_digests text[],
  OUT own bigint, OUT blobs jsonb, OUT named bigint[], OUT artifacts jsonb)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM repositories r
    WHERE r.id = repository AND r.project_id = project AND r.name = repository_name AND r.deletion_time IS NULL
    FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;

  blobs := hold_blobs(repository, in_store, ARRAY(SELECT d FROM unnest(blob_digests) AS d WHERE d COLLATE "C" < own_digest));
  own := lock_blob(own_digest, own_size);
  blobs := blobs || hold_blobs(repository, in_store, ARRAY(SELECT d FROM unnest(blob_digests) AS d WHERE d COLLATE "C" > own_digest));

  named := CASE WHEN cardinality(tag_names) > 0 THEN lock_tags(repository, tag_names) ELSE '{}' END;
  SELECT jsonb_agg(jsonb_build_object(
      'id', x.id, 'digest', x.digest, 'listed', x.listed, 'size', x.manifest_size, 'total', x.size)) INTO artifacts FROM (
    SELECT a.id, a.digest, a.listed, a.manifest_size, a.size FROM artifacts a
    WHERE a.repository_id = repository AND (a.id = ANY(named) OR a.digest = ANY(artifact_digests))
    ORDER BY a.id FOR NO KEY UPDATE) AS x;
END $$;
