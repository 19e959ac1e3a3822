-- Lines of a task's log that are not in the store yet, kept with the state that they tell of: a worker that dies loses none of them.
ALTER TABLE tasks ADD COLUMN log_tail jsonb;
