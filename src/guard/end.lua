-- KEYS[1] the effect. ARGV: 1 fence, 2 retention in milliseconds, or an empty text to release.
local state = redis.call('GET', KEYS[1])
if not state or string.match(state, '^%d+') ~= ARGV[1] then
    return 0
end
local done = ARGV[1] .. '|done'
if ARGV[2] ~= '' then
    -- Twice is as good as once: an answer may be lost.
    redis.call('SET', KEYS[1], done, 'PX', ARGV[2])
elseif state ~= done then
    redis.call('DEL', KEYS[1])
end
return 1
