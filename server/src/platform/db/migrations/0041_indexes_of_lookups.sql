-- portolan: compatible-from 40
-- Nothing asks for artifacts by digest alone, but the planner took this index for those of one repository, and read that digest in
-- all of them. Each push wrote it.
DROP INDEX artifacts_digest;

-- The planner may take this one for the role that somebody has in one project: it need not read all that he has.
DROP INDEX members_entity;
CREATE INDEX members_entity ON members (entity_type, entity_id, project_id);
