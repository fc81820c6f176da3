-- Everybody who waits, those being offered included.
-- KEYS[1] root
-- ARGV none of its own
-- returns one list {call, specialty, score, the only expert who may be asked or ''} each

local rows = {}
for _, specialty in ipairs(redis.call('SMEMBERS', key('specialties'))) do
  local queue = redis.call('ZRANGE', key('waiting', specialty), 0, -1, 'WITHSCORES')
  for i = 1, #queue, 2 do rows[#rows + 1] = { queue[i], specialty, queue[i + 1], kept()[queue[i]] or '' } end
end
return rows
