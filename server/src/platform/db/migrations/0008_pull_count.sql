-- Follows behind the pulls, many at a time (artifacts/pulls).
ALTER TABLE repositories ADD COLUMN pull_count bigint NOT NULL DEFAULT 0;
