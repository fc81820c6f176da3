-- A telephone registered or vanished. Vanished while it rang: the citizen is offered on in this same step.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] expert, [4] 1 or 0
-- returns {1, offers, changes, earliest deadline}; -1 no such expert

local expert = roster_expert(ARGV[3])
if not expert then return EXPERT_UNKNOWN end
if expert.reachable == ARGV[4] then return reply(1) end
write('expert', expert, { reachable = ARGV[4] })
if expert.activity == 'ringing' and ARGV[4] == '0' then
  wait_again(find('call', expert.callId))
  free(expert, now)
else
  if ARGV[4] == '1' and expert.activity == 'idle' then write('expert', expert, { since = now }) end
  place(expert)
end
return reply(1)
