-- What the expert wants. Ready ends a wrap-up; paused and offline let a ring, a talk or a wrap-up run on.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] expert, [4] intent, [5] reason or '', [6] end of the pause or ''
-- returns {the expert's status, offers, changes, earliest deadline}; -1 no such expert

local expert = roster_expert(ARGV[3])
if not expert then return EXPERT_UNKNOWN end
set_intent(expert, ARGV[4], ARGV[5], ARGV[6], now)
if expert.intent == 'ready' and expert.activity == 'wrap-up' then end_wrap_up(expert, now)
else place(expert) end
settle()
return reply(status(expert.id))
