-- A citizen no longer waits. An expert who was being rung lost nothing: the idle time from before the ring goes on.
-- A talk is not ended by this, and a call that is not there is none to leave.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call
-- returns {id of the cancelled offer or null, offers, changes, earliest deadline}

local call = find('call', ARGV[3])
if not call or call.state == 'talking' then return reply(false) end
close_window(call.id)
unjoin(call)
redis.call('DEL', key('call', call.id))
if call.state == 'waiting' then
  -- Who was behind is first now, and where nobody waits any more experts may help another queue.
  if policy then touched[call.specialty] = true end
  return reply(false)
end
redis.call('HDEL', key('offers'), call.offerId)
local expert = find('expert', call.expertId)
free(expert, expert.idleSince)
return reply(call.offerId)
