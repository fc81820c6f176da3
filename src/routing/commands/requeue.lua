-- A citizen waits again: the talk broke off, or nobody knows any more what became of the offer. The expert is free;
-- the place is the one fixed when the citizen entered, and the window is the one told here. A call not known here joins
-- like a new one.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call, [4] specialty, [5] score, [6] queued at, [7] offers made so far,
--   [8] the only expert who may be asked before [9], or '', [10] rest in ms
-- returns {place from 1, offers, changes, earliest deadline}

local call = find('call', ARGV[3])
if not call then
  enter()
elseif call.state == 'ringing' then
  local expert = find('expert', call.expertId)
  wait_again(call)
  free(expert, expert.idleSince)
elseif call.state == 'talking' then
  local expert = find('expert', call.expertId)
  -- A telephone that answers and breaks off at once would be rung in a circle as fast as the line can.
  rest(expert, tonumber(expert.since) + tonumber(ARGV[10]))
  wait_again(call)
  free(expert, now)
end
if call then open_window(call, ARGV[8], ARGV[9]) end
settle()
return reply(position(find('call', ARGV[3])))
