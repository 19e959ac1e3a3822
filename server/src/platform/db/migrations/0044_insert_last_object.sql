-- portolan: compatible-from 43
-- Notes where the bytes of a blob are, as the last statement of a transaction that is committed with it: it fails where there
-- is nothing to be committed, because the object under that key is about to be deleted.
CREATE FUNCTION insert_last_object(new_blob bigint, in_store text, new_key text, new_generation integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO blob_objects AS o (blob_id, store, key, generation, state)
    VALUES (new_blob, in_store, new_key, new_generation, 'stored')
    ON CONFLICT (store, key) DO UPDATE
      SET state = 'stored', blob_id = excluded.blob_id, generation = excluded.generation
      WHERE o.state = 'quarantined';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the object is about to be deleted' USING ERRCODE = 'PT001';
  END IF;
END $$;
