-- Puts back a ring or a talk that goes on in the exchange and is forgotten here. What is known here stands.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call, [4] specialty, [5] score, [6] queued at, [7] offers made so far,
--   [8] the only expert who may be asked before [9], or '',
--   [10] `ringing` or `talking`, [11] offer, [12] expert, [13] since when
-- returns {`resumed`, `known` the call is here already, or `taken` the expert is at another one, offers, changes,
--   earliest deadline}

if find('call', ARGV[3]) then return reply('known') end
local expert = find('expert', ARGV[12]) or new_expert(ARGV[12], '', '')
if expert.activity ~= 'idle' then return reply('taken') end
enter()
local call = find('call', ARGV[3])
if ARGV[10] == 'talking' then
  close_window(call.id)
  unjoin(call)
else
  redis.call('ZREM', key('eligible', call.specialty), call.id)
end
write('call', call, { state = ARGV[10], offerId = ARGV[11], expertId = expert.id })
redis.call('HSET', key('offers'), ARGV[11], ARGV[10] .. ' ' .. call.id .. ' ' .. expert.id)
write('expert', expert, {
  activity = ARGV[10], idleSince = expert.since, since = ARGV[13], callId = call.id, offerId = ARGV[11],
  serves = call.specialty,
})
place(expert)
return reply('resumed')
