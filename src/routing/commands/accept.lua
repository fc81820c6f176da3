-- The expert answered: the two are one another's until release or requeue.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] offer
-- returns {1 accepted (also when it was before) or 0 the offer no longer stands, offers, changes, earliest deadline}

if reserved(ARGV[3], 'talking') then return reply(1) end
local call, expert = reserved(ARGV[3], 'ringing')
if not call then return reply(0) end
close_window(call.id)
unjoin(call)
write('call', call, { state = 'talking', offer = '' })
redis.call('HSET', key('offers'), ARGV[3], 'talking ' .. call.id .. ' ' .. expert.id)
write('expert', expert, { activity = 'talking', since = now, misses = 0 })
place(expert)
return reply(1)
