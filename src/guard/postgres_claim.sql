-- $1 delivery, $2 effect, $3 whether an unknown delivery is too old to be new,
-- $4 the lease in milliseconds, or NULL to be done at once.
WITH bound AS (
    INSERT INTO payhook_deliveries (delivery, effect)
    SELECT $1::bytea, $2::bytea
    WHERE NOT $3::boolean
        OR EXISTS (SELECT FROM payhook_deliveries WHERE delivery = $1)
        OR EXISTS (SELECT FROM payhook_effects WHERE effect = $2 AND done_at IS NOT NULL)
    ON CONFLICT (delivery) DO UPDATE SET seen_at = clock_timestamp()
    RETURNING effect
)
INSERT INTO payhook_effects AS known (effect, fence, lease_until, done_at)
SELECT
    effect,
    nextval('payhook_fences'),
    clock_timestamp() + $4::bigint * interval '1 millisecond',
    CASE WHEN $4 IS NULL THEN clock_timestamp() END
FROM bound
-- Or the delivery was first seen as another effect.
WHERE effect = $2
ON CONFLICT (effect) DO UPDATE
    SET fence = excluded.fence,
        lease_until = excluded.lease_until,
        done_at = excluded.done_at
    WHERE known.done_at IS NULL AND known.lease_until < clock_timestamp()
RETURNING fence
