-- The talk of a call is over; its expert wraps up, or is idle at once.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call, [4] wrap-up in ms
-- returns {1 or 0 the call was in no talk, offers, changes, earliest deadline}

local call = find('call', ARGV[3])
if not call or call.state ~= 'talking' then return reply(0) end
local expert = find('expert', call.expertId)
redis.call('HDEL', key('offers'), call.offerId)
redis.call('DEL', key('call', call.id))
if tonumber(ARGV[4]) > 0 then
  local until_ = now + tonumber(ARGV[4])
  write('expert', expert, { activity = 'wrap-up', since = now, offerId = '', wrapUpUntil = until_ })
  set_deadline('wrap-up', expert, until_)
  place(expert)
else
  free(expert, now)
end
return reply(1)
