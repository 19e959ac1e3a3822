-- Events that a subscriber could not take, put aside so that what comes after them goes on.

ALTER TABLE event_subscribers
  -- Since when it has failed; NULL: it does not.
  ADD COLUMN failing_since timestamptz,
  -- The event that it fails at, once they are tried one by one.
  ADD COLUMN failing_id bigint,
  ADD COLUMN last_error text NOT NULL DEFAULT '';

CREATE TABLE event_dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscriber text COLLATE "C" NOT NULL,
  event_id bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  occurrence_time timestamptz NOT NULL,
  error text NOT NULL,
  -- How often it has been tried, replays included.
  attempts integer NOT NULL,
  creation_time timestamptz NOT NULL DEFAULT now(),
  UNIQUE (subscriber, event_id)
);
