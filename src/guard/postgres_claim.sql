-- $4 the lease in milliseconds, or NULL to be done at once.
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
    WHERE known.done_at IS NULL AND known.lease_until <= clock_timestamp()
RETURNING fence
