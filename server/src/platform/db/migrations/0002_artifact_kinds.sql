-- portolan: compatible-from 1
-- What an artifact is, told from its manifest and config at push. Rows of before, and those that a program of
-- before goes on writing during an upgrade, have no type; they are filled in the background.

ALTER TABLE artifacts
  -- IMAGE, CHART, …; NULL: not classified yet.
  ADD COLUMN type text COLLATE "C",
  -- Media type of the config; of an index, that of the manifest.
  ADD COLUMN config_media_type text COLLATE "C",
  -- What users see of the config; NULL: it could not be read.
  ADD COLUMN extra_attrs jsonb,
  -- Digest of a layer that is the artifact's own icon; NULL: the one of its type.
  ADD COLUMN icon text COLLATE "C",
  -- signature.cosign, sbom.harbor, …; NULL: stands for itself. Set: hidden from lists, goes with its subject.
  ADD COLUMN accessory_type text COLLATE "C",
  -- Digest of what it is an accessory of, in the same repository, there or not. More than subject_digest knows:
  -- signatures by tag and attestations beside an image in an index name their subject otherwise.
  ADD COLUMN accessory_of text COLLATE "C",
  ADD CONSTRAINT artifacts_accessory CHECK ((accessory_type IS NULL) = (accessory_of IS NULL));

CREATE INDEX artifacts_accessories ON artifacts (repository_id, accessory_of, id) WHERE accessory_of IS NOT NULL;
CREATE INDEX artifacts_unclassified ON artifacts (id) WHERE type IS NULL;
