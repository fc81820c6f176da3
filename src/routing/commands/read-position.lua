-- A citizen's place in the queue.
-- KEYS[1] root
-- ARGV[1] now, [2] unused, [3] call
-- returns the place from 1, or null for a call that does not wait

local call = find('call', ARGV[3])
return call and position(call) or false
