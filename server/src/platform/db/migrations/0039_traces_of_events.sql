-- What an event, and a delivery of a webhook, was caused by, as W3C has it; NULL where nothing was traced.
ALTER TABLE events ADD COLUMN traceparent text COLLATE "C";
ALTER TABLE webhook_deliveries ADD COLUMN traceparent text COLLATE "C";
