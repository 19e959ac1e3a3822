-- Accessories of what is not there are shown as artifacts of their own.
WITH forlorn AS (
  UPDATE artifacts a SET listed = true
  WHERE NOT a.listed AND coalesce(a.accessory_of, a.subject_digest) IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM artifacts s WHERE s.repository_id = a.repository_id AND s.digest IN (a.accessory_of, a.subject_digest))
    AND (a.tagged OR NOT EXISTS (
      SELECT FROM artifact_children c JOIN artifacts p ON p.id = c.artifact_id
      WHERE c.child_digest = a.digest AND p.repository_id = a.repository_id))
  RETURNING repository_id
)
INSERT INTO artifact_counts (repository_id, delta) SELECT repository_id, count(*) FROM forlorn GROUP BY repository_id;
