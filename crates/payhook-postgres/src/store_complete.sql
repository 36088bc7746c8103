-- $1 event, $2 fence.
--
-- The subject is locked first, as by a claim. Rows that are locked are returned as
-- they are then, whatever the statement's snapshot is.
WITH locked AS (
    SELECT subject FROM payhook_subjects
    WHERE subject = (SELECT subject FROM payhook_events WHERE event = $1::bytea)
    FOR UPDATE
), held AS (
    -- Idempotent: a response may be lost.
    SELECT event, subject, time, done_at IS NOT NULL AS was_done
    FROM payhook_events JOIN locked USING (subject)
    WHERE event = $1 AND fence = $2::bigint
    FOR UPDATE OF payhook_events
), done AS (
    UPDATE payhook_events AS known SET done_at = clock_timestamp(), lease_until = NULL
    FROM held WHERE known.event = held.event AND NOT held.was_done
), last AS (
    UPDATE payhook_subjects AS known SET last_event = held.event, last_time = held.time
    FROM held
    WHERE known.subject = held.subject AND NOT held.was_done
    AND (held.time < known.last_time) IS NOT TRUE
)
SELECT EXISTS (SELECT FROM held)
