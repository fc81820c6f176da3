-- The policy has changed: every queue is looked at anew.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed
-- returns {1, offers, changes, earliest deadline}

for _, specialty in ipairs(redis.call('SMEMBERS', key('specialties'))) do touched[specialty] = true end
return reply(1)
