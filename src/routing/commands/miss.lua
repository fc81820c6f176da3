-- An offer came to nothing: the citizen is offered on in this same step, the expert goes to the end of the idle line and
-- rests a moment, so that the same telephone is not rung in a circle where nobody else is idle.
-- `unreachable` is not held against the expert: without a telephone nobody is offered anything. Nor is `lost`, which is
-- a fault of the line; the rest keeps that fault from repeating at full speed.
-- A window stays open only for a telephone that is not back yet: who does not answer is not waited for.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] offer, [4] reason, [5] misses before a pause, [6] length of it in ms, [7] rest in ms
-- returns {1 or 0 the offer no longer stood, offers, changes, earliest deadline}

local call, expert = reserved(ARGV[3], 'ringing')
if not call then return reply(0) end
wait_again(call)
if ARGV[4] == 'unreachable' then
  write('expert', expert, { reachable = '0' })
else
  close_window(call.id)
  rest(expert, now + tonumber(ARGV[7]))
  if ARGV[4] ~= 'lost' then write('expert', expert, { misses = expert.misses + 1 }) end
  if tonumber(expert.misses) >= tonumber(ARGV[5]) and expert.intent == 'ready' then
    local until_ = now + tonumber(ARGV[6])
    set_intent(expert, 'paused', 'missed-offers', until_, now)
    tell({ type = 'paused', expertId = expert.id, reason = 'missed-offers', ['until'] = until_, at = now })
  end
end
free(expert, now)
return reply(1)
