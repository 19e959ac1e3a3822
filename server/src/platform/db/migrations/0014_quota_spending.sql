-- Spending from a slot never leaves the lock of one that turned out to have no room: whoever then waits for another
-- slot would wait in a circle. A lock goes with the subtransaction it was taken in, hence the exceptions.

-- Spends from a free slot with room; else, where `fresh` is a number, from the slot of that number if it has no
-- allowance, which is made if need be and may have to be waited for. Answers whether it could.
CREATE FUNCTION spend_bytes(project bigint, amount bigint, fresh integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  free integer;
BEGIN
  SELECT slot INTO free FROM quota_usage
    WHERE project_id = project AND (allowance IS NULL OR bytes + amount <= allowance)
    ORDER BY allowance - bytes LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    UPDATE quota_usage SET bytes = bytes + amount WHERE project_id = project AND slot = free;
    RETURN true;
  END IF;
  IF fresh IS NOT NULL THEN
    INSERT INTO quota_usage AS u (project_id, slot, bytes) VALUES (project, fresh, amount)
      ON CONFLICT (project_id, slot) DO UPDATE SET bytes = u.bytes + excluded.bytes WHERE u.allowance IS NULL;
    IF FOUND THEN RETURN true; END IF;
  END IF;
  RAISE EXCEPTION 'no slot' USING ERRCODE = 'PQ001';
EXCEPTION WHEN SQLSTATE 'PQ001' THEN
  RETURN false;
END $$;

CREATE OR REPLACE FUNCTION count_blobs(project bigint, ids bigint[], sizes bigint[], OUT added bigint, OUT spent boolean)
LANGUAGE plpgsql AS $$
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
  spent := added = 0 OR spend_bytes(project, added, NULL);
END $$;
