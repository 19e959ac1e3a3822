-- The span within which a task was ordered (W3C traceparent): its runs go on with the same trace.
ALTER TABLE tasks ADD COLUMN traceparent text;
