-- The tables of `PgStore`. Running it again changes nothing.

-- What a callback is about: a transfer or an order. Its row is the lock under which
-- the rows of its events and deliveries are written.
CREATE TABLE IF NOT EXISTS payhook_subjects (
    subject bytea PRIMARY KEY,
    -- The event that was completed last, and the latest time of its deliveries.
    last_event bytea,
    last_time timestamptz,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- `PgStore::prune` looks for old ones.
CREATE INDEX IF NOT EXISTS payhook_subjects_seen_at ON payhook_subjects (seen_at);

-- An event is done if `done_at` is set, and in progress before `lease_until`.
CREATE TABLE IF NOT EXISTS payhook_events (
    event bytea PRIMARY KEY,
    subject bytea NOT NULL,
    -- The number of the last claim.
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    done_at timestamptz,
    -- The latest time of its deliveries.
    time timestamptz
);

CREATE INDEX IF NOT EXISTS payhook_events_subject ON payhook_events (subject);

-- Which event a delivery was first seen with. What is changed in a captured body
-- afterwards changes nothing here.
CREATE TABLE IF NOT EXISTS payhook_deliveries (
    delivery bytea PRIMARY KEY,
    event bytea NOT NULL,
    subject bytea NOT NULL,
    -- The first time, and how often it came.
    received_at timestamptz NOT NULL DEFAULT now(),
    times bigint NOT NULL DEFAULT 1
);

CREATE INDEX IF NOT EXISTS payhook_deliveries_subject ON payhook_deliveries (subject);

-- No two claims have the same number.
CREATE SEQUENCE IF NOT EXISTS payhook_fences;
