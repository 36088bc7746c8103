-- KEYS[1] the delivery. ARGV: 1 prefix of effects, 2 effect, 3 lease, 4 how old an
-- unknown delivery may be, 5 how long it is remembered, 6 the delivery's time or an
-- empty text; all times in milliseconds.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local bound = redis.call('GET', KEYS[1])
local effect = bound or ARGV[2]
local key = ARGV[1] .. effect
local state = redis.call('GET', key)

local ends = state and string.match(state, '|(.+)$')
local done = ends == 'done'

if not bound and not done and ARGV[6] ~= '' and tonumber(ARGV[6]) < now - ARGV[4] then
    return {'beyond'}
end
redis.call('SET', KEYS[1], effect, 'PX', ARGV[5])
if done then
    redis.call('PEXPIRE', key, ARGV[5])
    return {'done'}
end
if effect ~= ARGV[2] then
    return {'altered'}
end
if ends and now < tonumber(ends) then
    return {'in flight'}
end
-- Microseconds since 1970, and always more than the last holder's.
local fence = clock[1] * 1000000 + clock[2]
if state then
    fence = math.max(fence, tonumber(string.match(state, '^%d+')) + 1)
end
fence = string.format('%.0f', fence)
-- Kept beyond the lease: who ends late, but before a successor came, still ends it.
local until_then = string.format('%.0f', now + ARGV[3])
redis.call('SET', key, fence .. '|' .. until_then, 'PX', string.format('%.0f', ARGV[3] + ARGV[5]))
return {'fresh', fence}
