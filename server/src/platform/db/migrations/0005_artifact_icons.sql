-- portolan: compatible-from 1
-- Icons are asked for by their digest alone.

CREATE INDEX artifacts_icon ON artifacts (icon) WHERE icon IS NOT NULL;
