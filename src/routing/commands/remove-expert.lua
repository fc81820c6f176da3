-- An expert leaves the roster. Rung for: the citizen is offered on. In a talk or wrap-up: after it.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] expert
-- returns {1 or 0 there was no such expert, offers, changes, earliest deadline}

local expert = find('expert', ARGV[3])
if not expert then return reply(0) end
if expert.activity == 'ringing' then wait_again(find('call', expert.callId)) end
if expert.activity == 'idle' or expert.activity == 'ringing' then
  forget(expert)
else
  unplace(expert)
  set_intent(expert, 'offline', '', '', now)
  write('expert', expert, { specialties = '', levels = '', removed = '1' })
end
return reply(1)
