-- Wipes what is left of a memory that has lost something. Redis's whole key space is looked through: once, after a crash.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed, [3] the turn from which to count on
-- returns 1

for _, name in ipairs(redis.call('KEYS', root .. ':*')) do redis.call('DEL', name) end
redis.call('SET', key('turn'), ARGV[3])
return 1
