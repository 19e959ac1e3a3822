-- Collection of blobs that nothing references.

-- Set by whoever collects a blob, under its lock, and cleared by whoever uploads it anew: who has waited for the lock
-- sees that he must not count on the bytes any more.
ALTER TABLE blobs ADD COLUMN collected boolean NOT NULL DEFAULT false;
-- Objects that are to go: few, and gone soon.
CREATE INDEX blob_objects_deleting ON blob_objects (id) WHERE state = 'deleting';
