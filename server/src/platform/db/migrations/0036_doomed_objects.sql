-- Objects whose bytes are to be deleted. A row that goes costs no index of `blob_objects` a second change, as a state
-- between `stored` and `deleted` did: these are large, and in the order of digests. Rows of `blob_objects` stay for ever, so
-- nothing need check that they are there.
CREATE TABLE doomed_objects (
  object_id bigint PRIMARY KEY
);
INSERT INTO doomed_objects (object_id) SELECT id FROM blob_objects WHERE state = 'deleting';
DROP INDEX blob_objects_deleting;
UPDATE blob_objects SET state = 'deleted' WHERE state = 'deleting';
-- `deleted`: nobody reads it, and its bytes are gone unless it is doomed.
ALTER TABLE blob_objects
  DROP CONSTRAINT blob_objects_state_check,
  ADD CONSTRAINT blob_objects_state_check CHECK (state IN ('stored', 'deleted', 'lost', 'quarantined'));
