-- The tables of `PgStore`. Running it again changes nothing.

-- What a callback is about: a transfer or an order. Its row is the lock under which
-- the rows of its effects and deliveries are written.
CREATE TABLE IF NOT EXISTS payhook_subjects (
    subject bytea PRIMARY KEY,
    -- The effect that was completed last, and the latest time of its deliveries.
    last_effect bytea,
    last_time timestamptz,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- `PgStore::prune` looks for old ones.
CREATE INDEX IF NOT EXISTS payhook_subjects_seen_at ON payhook_subjects (seen_at);

-- An effect is done if `done_at` is set, and in flight before `lease_until`.
CREATE TABLE IF NOT EXISTS payhook_effects (
    effect bytea PRIMARY KEY,
    subject bytea NOT NULL,
    -- The number of the last claim.
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    done_at timestamptz,
    -- The latest time of its deliveries.
    time timestamptz
);

CREATE INDEX IF NOT EXISTS payhook_effects_subject ON payhook_effects (subject);

-- Which effect a delivery was first seen with. What is changed in a captured body
-- afterwards changes nothing here.
CREATE TABLE IF NOT EXISTS payhook_deliveries (
    delivery bytea PRIMARY KEY,
    effect bytea NOT NULL,
    subject bytea NOT NULL,
    -- The first time, and how often it came.
    received_at timestamptz NOT NULL DEFAULT now(),
    times bigint NOT NULL DEFAULT 1
);

CREATE INDEX IF NOT EXISTS payhook_deliveries_subject ON payhook_deliveries (subject);

-- No two claims have the same number.
CREATE SEQUENCE IF NOT EXISTS payhook_fences;
