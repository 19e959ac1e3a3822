-- portolan: compatible-from 36
-- Locks the tags of these names (each once, in the order in which everybody locks them) that a repository has, and, up to a
-- hundred, the names of those that it has not: the database has room for some thousands of such locks. Answers the artifacts
-- that the tags name.
CREATE FUNCTION lock_tags(repository bigint, names text[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
  named bigint[];
  each text;
BEGIN
  FOREACH each IN ARRAY names[1:100] LOOP
    PERFORM pg_advisory_xact_lock(7104004, hashtext(repository || ':' || each));
  END LOOP;
  SELECT array_agg(x.artifact_id) INTO named FROM (
    SELECT t.artifact_id FROM tags t WHERE t.repository_id = repository AND t.name = ANY(names)
    ORDER BY t.name FOR UPDATE) AS x;
  RETURN coalesce(named, '{}');
END $$;

-- Keeps blobs that a repository offers from being collected until the transaction ends, by digest; answers [{id, digest, size}].
-- Whoever had to wait for the collector of a blob looks again at that row alone, so it must say that it was collected.
CREATE FUNCTION hold_blobs(repository bigint, in_store text, digests text[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  held jsonb := '[]';
  wanted text;
  blob record;
BEGIN
  -- One by one, each by its index: a join would be planned from all that the repository offers.
  FOR wanted IN SELECT d FROM unnest(digests) AS d ORDER BY d COLLATE "C" LOOP
    SELECT b.id, b.size INTO blob FROM blobs b WHERE b.digest = wanted AND NOT b.collected FOR KEY SHARE;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM repository_blobs rb WHERE rb.repository_id = repository AND rb.blob_id = blob.id;
    CONTINUE WHEN NOT FOUND;
    PERFORM FROM blob_objects o WHERE o.blob_id = blob.id AND o.store = in_store AND o.state = 'stored';
    CONTINUE WHEN NOT FOUND;
    held := held || jsonb_build_object('id', blob.id, 'digest', wanted, 'size', blob.size);
  END LOOP;
  RETURN held;
END $$;

-- What a push of a manifest locks before anything is placed, in one call instead of four, each of whose statements sees what
-- those that it waited for have left, and in the order that every push keeps: the repository, blobs by digest (those that it
-- offers, and between them the manifest's own, which is made if need be), tags by name, artifacts by id: those that the tags name
-- and those of the digests, so that nobody deletes them.
-- `blobs` [{id, digest, size}] and `artifacts` [{id, digest, listed, size, total}] are those that are there. `own` is null where
-- the repository is gone: nothing was done after it.
CREATE FUNCTION lock_push(
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
  INSERT INTO blobs AS b (digest, size) VALUES (own_digest, own_size)
    ON CONFLICT (digest) DO UPDATE SET offer_time = now(), size = excluded.size, collected = false
    RETURNING b.id INTO own;
  blobs := blobs || hold_blobs(repository, in_store, ARRAY(SELECT d FROM unnest(blob_digests) AS d WHERE d COLLATE "C" > own_digest));

  named := CASE WHEN cardinality(tag_names) > 0 THEN lock_tags(repository, tag_names) ELSE '{}' END;
  SELECT jsonb_agg(jsonb_build_object(
      'id', x.id, 'digest', x.digest, 'listed', x.listed, 'size', x.manifest_size, 'total', x.size)) INTO artifacts FROM (
    SELECT a.id, a.digest, a.listed, a.manifest_size, a.size FROM artifacts a
    WHERE a.repository_id = repository AND (a.id = ANY(named) OR a.digest = ANY(artifact_digests))
    ORDER BY a.id FOR NO KEY UPDATE) AS x;
END $$;

-- What a pushed artifact references, where it is new, and the tags that name it from now on. Answers those that were there
-- already.
CREATE FUNCTION refer_artifact(repository bigint, artifact bigint, blob_ids bigint[], tag_names text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  moved text[];
BEGIN
  IF cardinality(blob_ids) > 0 THEN
    INSERT INTO artifact_blobs (artifact_id, repository_id, blob_id)
      SELECT artifact, repository, unnest(blob_ids) ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(tag_names) > 0 THEN
    WITH written AS (
      INSERT INTO tags (repository_id, name, artifact_id)
        SELECT repository, unnest(tag_names), artifact
        ON CONFLICT (repository_id, name) DO UPDATE SET artifact_id = excluded.artifact_id, push_time = now()
        RETURNING tags.name, tags.xmax <> 0 AS existed)
    SELECT array_agg(w.name) INTO moved FROM written w WHERE w.existed;
  END IF;
  RETURN coalesce(moved, '{}');
END $$;
