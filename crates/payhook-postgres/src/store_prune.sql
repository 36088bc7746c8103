-- $1 how long ago a subject was last seen, in milliseconds; $2 how many at once.
--
-- A subject whose row is locked is being seen.
WITH old AS (
    SELECT subject FROM payhook_subjects AS known
    WHERE seen_at < clock_timestamp() - $1::bigint * interval '1 millisecond'
    AND NOT EXISTS (
        SELECT FROM payhook_events
        WHERE payhook_events.subject = known.subject AND lease_until > clock_timestamp()
    )
    ORDER BY seen_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), deliveries AS (
    DELETE FROM payhook_deliveries USING old WHERE payhook_deliveries.subject = old.subject
    RETURNING true
), events AS (
    DELETE FROM payhook_events USING old WHERE payhook_events.subject = old.subject
    RETURNING true
), subjects AS (
    DELETE FROM payhook_subjects USING old WHERE payhook_subjects.subject = old.subject
    RETURNING true
)
SELECT (SELECT count(*) FROM subjects), (SELECT count(*) FROM deliveries)
