-- KEYS: 1 the delivery, 2 the subject, 3 the claim. ARGV: 1 what the keys of subjects
-- begin with, 2 the subject, 3 the event, 4 the lease, 5 how old an unknown delivery
-- may be, 6 how long all is remembered (these in milliseconds), 7 the delivery's time in
-- microseconds since 1970, or an empty text.
--
-- A delivery holds the subject and the event that it was first seen with. A subject is a
-- hash: `last` and `time` are of the event that was completed last, `fence` is the number
-- of the last claim, and under each event is `fence|end|time`: the number of its last
-- claim, the end of its lease in milliseconds (or `done`, or `free`), and the latest time
-- of its deliveries. A claim holds the event's subject.
local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2]
local now = math.floor(micros / 1000)

local function is_later(time, other)
    return time ~= '' and other ~= '' and tonumber(time) > tonumber(other)
end

local function foreign(key)
    return redis.error_reply('ERR ' .. key .. ' holds something else')
end

-- All is read, and understood, before anything is written.
local subject, event, key = ARGV[2], ARGV[3], KEYS[2]
local bound = redis.call('GET', KEYS[1])
if bound then
    subject, event = string.match(bound, '^(%x+) (%x+)$')
    if not subject then
        return foreign(KEYS[1])
    end
    -- Not in KEYS if an altered copy names another subject. The hash tag is the same.
    key = ARGV[1] .. subject
end
local known = redis.call('HMGET', key, event, 'last', 'time', 'fence')
local last, last_time, fence = known[2] or '', known[3] or '', known[4] or '0'
local number, ends, time = '0', 'free', ''
if known[1] then
    number, ends, time = string.match(known[1], '^(%d+)|(%w+)|(-?%d*)$')
end
if not ends or not (ends == 'done' or ends == 'free' or tonumber(ends))
    or not (last_time == '' or tonumber(last_time)) or not tonumber(fence) then
    return foreign(key)
end
local claimed = redis.call('GET', KEYS[3])
if claimed and not string.match(claimed, '^%x+$') then
    return foreign(KEYS[3])
end

local is_done, is_its_own = ends == 'done', event == ARGV[3]
if not bound and ARGV[7] ~= '' and tonumber(ARGV[7]) < micros - ARGV[5] * 1000 then
    -- It may have been handled as something else: it is not bound, and reopens nothing.
    return {is_done and 'done' or 'too_old'}
end
redis.call('SET', KEYS[1], subject .. ' ' .. event, 'PX', ARGV[6])

local function remember(milliseconds)
    if redis.call('PTTL', key) < tonumber(milliseconds) then
        redis.call('PEXPIRE', key, milliseconds)
    end
end

local function answer(...)
    remember(ARGV[6])
    return {...}
end

-- It is needed when the event is completed.
if is_its_own and ARGV[7] ~= '' and (time == '' or is_later(ARGV[7], time)) then
    time = ARGV[7]
    redis.call('HSET', key, event, number .. '|' .. ends .. '|' .. time)
end
if is_done then
    if last == event then
        if last_time == '' or is_later(ARGV[7], last_time) then
            redis.call('HSET', key, 'time', ARGV[7])
        end
        return answer('done')
    end
    -- Settled, reversed and settled again is a new event.
    if not (is_its_own and is_later(ARGV[7], last_time)) then
        return answer('done')
    end
elseif not is_its_own then
    return answer('conflicting')
elseif is_later(last_time, ARGV[7]) then
    return answer('superseded')
elseif ends ~= 'free' and now < tonumber(ends) then
    return answer('in_progress')
end

-- Microseconds since 1970, and always more than the last holder's.
fence = string.format('%.0f', math.max(micros, tonumber(fence) + 1))
-- Kept beyond the lease: a holder that ends late, but before the next one, still ends it.
local memory = string.format('%.0f', ARGV[4] + ARGV[6])
redis.call('HSET', key, 'fence', fence, event, fence .. '|' .. string.format('%.0f', now + ARGV[4]) .. '|' .. time)
redis.call('SET', KEYS[3], subject, 'PX', memory)
remember(memory)
return {'acquired', fence}
