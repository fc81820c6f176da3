-- Keeps the snapshot of a call.
-- KEYS[1] hash of all snapshots, [2] newest epoch
-- ARGV[1] epoch of who asks, [2] call, [3] snapshot
-- returns 1

redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return 1
