-- Near a limit each slot has room for less than a push. Spends from a free slot into which the room of other free ones is
-- moved, as many as it takes, the largest first; waits for nobody, and leaves no lock where it could not. What the
-- allowances add up to stays the same. Answers whether it could.
CREATE FUNCTION gather_bytes(project bigint, amount bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  donor record;
  target integer;
  taken integer[] := '{}';
  gathered bigint := 0;
  part bigint;
BEGIN
  WHILE gathered < amount LOOP
    -- One at a time: a loop over a query would lock several rows ahead.
    SELECT slot, allowance - bytes AS room INTO donor FROM quota_usage
      WHERE project_id = project AND allowance > bytes AND slot <> ALL (taken)
      ORDER BY allowance - bytes DESC LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'no room' USING ERRCODE = 'PQ001';
    END IF;
    taken := taken || donor.slot;
    part := least(donor.room, amount - gathered);
    gathered := gathered + part;
    IF target IS NULL THEN
      target := donor.slot;
    ELSE
      UPDATE quota_usage SET allowance = allowance - part WHERE project_id = project AND slot = donor.slot;
      UPDATE quota_usage SET allowance = allowance + part WHERE project_id = project AND slot = target;
    END IF;
  END LOOP;
  UPDATE quota_usage SET bytes = bytes + amount WHERE project_id = project AND slot = target;
  RETURN true;
EXCEPTION WHEN SQLSTATE 'PQ001' THEN
  RETURN false;
END $$;

-- As in 0014, but from the slot with the most room: slots that empty evenly leave room for many at once until the end.
CREATE OR REPLACE FUNCTION spend_bytes(project bigint, amount bigint, fresh integer) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  free integer;
BEGIN
  SELECT slot INTO free FROM quota_usage
    WHERE project_id = project AND (allowance IS NULL OR bytes + amount <= allowance)
    ORDER BY allowance - bytes DESC LIMIT 1 FOR UPDATE SKIP LOCKED;
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
