-- A citizen joins the queue. Repeated: the place stands; a live offer is told again, for its first telling may be lost.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] call, [4] specialty, [5] score, [6] queued at, [7] offers made so far,
--   [8] the only expert who may be asked before [9], or ''
-- returns {place from 1, offers, changes, earliest deadline}; -2 the call is in a talk

local call = find('call', ARGV[3])
if call and call.state == 'talking' then return CALL_TALKING end
if not call then enter()
elseif call.state == 'ringing' and call.offer ~= '' then offers[1] = call.offer end
settle()
return reply(position(find('call', ARGV[3])))
