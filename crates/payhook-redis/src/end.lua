-- KEYS: 1 the claim. ARGV: 1 what the keys of subjects begin with, 2 the event, 3 the
-- claim's number, 4 how long all is remembered in milliseconds, 5 `done` or `free`.
--
-- The hash of the subject is described in claim.lua. Its key is in the claim, and not in
-- KEYS: it has the same hash tag.
local subject = redis.call('GET', KEYS[1])
if not subject then
    return 0
end
if not string.match(subject, '^%x+$') then
    return redis.error_reply('ERR ' .. KEYS[1] .. ' holds something else')
end
local key = ARGV[1] .. subject
local known = redis.call('HMGET', key, ARGV[2], 'last', 'time')
local fence, ends, time = string.match(known[1] or '', '^(%d+)|(%w+)|(-?%d*)$')
if fence ~= ARGV[3] then
    return 0
end
-- Idempotent: a response may be lost.
if ends ~= 'done' and ends ~= ARGV[5] then
    redis.call('HSET', key, ARGV[2], fence .. '|' .. ARGV[5] .. '|' .. time)
    local last_time = known[3] or ''
    if ARGV[5] == 'done' and not (time ~= '' and last_time ~= '' and tonumber(last_time) > tonumber(time)) then
        redis.call('HSET', key, 'last', ARGV[2], 'time', time)
    end
end
-- An hour is enough for retries.
redis.call('PEXPIRE', KEYS[1], 3600000)
if redis.call('PTTL', key) < tonumber(ARGV[4]) then
    redis.call('PEXPIRE', key, ARGV[4])
end
return 1
