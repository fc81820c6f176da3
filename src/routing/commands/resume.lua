-- Puts back a ring or a talk that goes on in the exchange and is forgotten here. What is known here stands.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call, [4] specialty, [5] score, [6] queued at, [7] offers made so far,
--   [8] `ringing` or `talking`, [9] offer, [10] expert, [11] since when
-- returns {`resumed`, `known` the call is here already, or `taken` the expert is at another one, offers, changes,
--   earliest deadline}

if find('call', ARGV[3]) then return reply('known') end
local expert = find('expert', ARGV[10]) or new_expert(ARGV[10], '')
if expert.activity ~= 'idle' then return reply('taken') end
enter()
local call = find('call', ARGV[3])
if ARGV[8] == 'talking' then unjoin(call)
else redis.call('ZREM', key('eligible', call.specialty), call.id) end
write('call', call, { state = ARGV[8], offerId = ARGV[9], expertId = expert.id })
redis.call('HSET', key('offers'), ARGV[9], ARGV[8] .. ' ' .. call.id .. ' ' .. expert.id)
write('expert', expert, {
  activity = ARGV[8], idleSince = expert.since, since = ARGV[11], callId = call.id, offerId = ARGV[9],
})
place(expert)
return reply('resumed')
