-- $1 delivery, $2 subject, $3 event, $4 the delivery's time or NULL, $5 how old an
-- unknown delivery may be, in milliseconds, or NULL.
--
-- Locks the subject and returns what is known under the lock: an upsert returns the
-- row as it is, whatever the statement's snapshot is.
WITH locked AS (
    INSERT INTO payhook_subjects AS known (subject)
    SELECT coalesce((SELECT subject FROM payhook_deliveries WHERE delivery = $1::bytea), $2::bytea)
    ON CONFLICT (subject) DO UPDATE SET seen_at = clock_timestamp()
    RETURNING subject, last_event, last_time
), bound AS (
    INSERT INTO payhook_deliveries AS known (delivery, event, subject)
    SELECT $1::bytea, $3::bytea, $2::bytea FROM locked
    ON CONFLICT (delivery) DO UPDATE SET times = known.times + 1
    RETURNING event, subject, times
), state AS (
    -- Nothing if the delivery was bound to another subject meanwhile.
    INSERT INTO payhook_events AS known (event, subject, time)
    SELECT bound.event, bound.subject, CASE WHEN bound.event = $3 THEN $4::timestamptz END
    FROM bound JOIN locked USING (subject)
    ON CONFLICT (event) DO UPDATE SET time = greatest(known.time, excluded.time)
    RETURNING event, done_at IS NOT NULL AS is_done,
        coalesce(clock_timestamp() < lease_until, false) AS is_held
)
SELECT
    CASE
        -- It may have been handled as something else: it reopens nothing.
        WHEN times = 1 AND $4 < clock_timestamp() - $5::bigint * interval '1 millisecond'
            THEN CASE WHEN is_done THEN 'done, forgotten' ELSE 'too_old' END
        WHEN is_done AND last_event = state.event THEN 'done'
        -- Settled, reversed and settled again is a new event.
        WHEN is_done AND (state.event = $3 AND $4 > last_time) IS NOT TRUE THEN 'done'
        WHEN state.event <> $3 THEN 'conflicting'
        WHEN $4 < last_time THEN 'superseded'
        WHEN is_held THEN 'in_progress'
        ELSE 'acquired'
    END,
    -- Whether the delivery repeats the subject's last event at a later time.
    coalesce(
        is_done AND last_event = state.event AND ($4 > last_time OR (last_time IS NULL AND $4 IS NOT NULL)),
        false
    ),
    locked.subject
FROM locked, bound, state
