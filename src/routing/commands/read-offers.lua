-- Who is reserved for whom, and the earliest deadline: what a process needs to know to go on.
-- KEYS[1] root
-- ARGV none of its own
-- returns {one list {offer, ringing or talking, call, expert, the offer as JSON or ''} each, earliest deadline or ''}

local rows = {}
local flat = redis.call('HGETALL', key('offers'))
for i = 1, #flat, 2 do
  local state, call_id, expert_id = flat[i + 1]:match('^(%S+) (%S+) (%S+)$')
  rows[#rows + 1] = { flat[i], state, call_id, expert_id, redis.call('HGET', key('call', call_id), 'offer') }
end
local earliest = redis.call('ZRANGE', key('deadlines'), 0, 0, 'WITHSCORES')
return { rows, earliest[2] or '' }
