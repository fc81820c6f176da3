-- Forgets the snapshot of a call that is over.
-- KEYS[1] hash of all snapshots, [2] newest epoch
-- ARGV[1] epoch of who asks, [2] call
-- returns 1

redis.call('HDEL', KEYS[1], ARGV[2])
return 1
