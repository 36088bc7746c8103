-- $1 delivery, $2 effect, $3 whether an unknown delivery is too old to be new.
WITH bound AS (
    INSERT INTO payhook_deliveries (delivery, effect)
    SELECT $1::bytea, $2::bytea
    WHERE NOT $3::boolean
        OR EXISTS (SELECT FROM payhook_deliveries WHERE delivery = $1)
        OR EXISTS (SELECT FROM payhook_effects WHERE effect = $2 AND done_at IS NOT NULL)
    ON CONFLICT (delivery) DO UPDATE SET seen_at = clock_timestamp()
    RETURNING effect
)
