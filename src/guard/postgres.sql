-- What `PgGuard` remembers. Run it once, or as a migration of your own; running
-- it again changes nothing. It can stand in any schema of the search path.

-- Which effect a delivery was first seen with. What is changed in a captured
-- body afterwards changes nothing here.
CREATE TABLE IF NOT EXISTS payhook_deliveries (
    delivery bytea PRIMARY KEY,
    effect   bytea NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS payhook_deliveries_effect ON payhook_deliveries (effect);

-- An effect is done once `done_at` is set, and in flight before `lease_until`.
CREATE TABLE IF NOT EXISTS payhook_effects (
    effect      bytea PRIMARY KEY,
    fence       bigint NOT NULL,
    lease_until timestamptz,
    done_at     timestamptz
);

-- No two claims have the same number.
CREATE SEQUENCE IF NOT EXISTS payhook_fences;
