-- Queues by numbers, each counted in an index: nothing is walked through.
-- KEYS[1] root
-- ARGV[1] now, [2] unused, [3…] specialties
-- returns for each {waiting, earliest queued at or '', ready, ringing, talking, wrap-up, paused}

local rows = {}
for i = 3, #ARGV do
  local function away(reason)
    return redis.call('ZCOUNT', key('away', ARGV[i]), AWAY[reason], AWAY[reason])
  end
  local earliest = redis.call('ZRANGE', key('entered', ARGV[i]), 0, 0, 'WITHSCORES')
  rows[#rows + 1] = {
    redis.call('ZCARD', key('waiting', ARGV[i])), earliest[2] or '', redis.call('ZCARD', key('idle', ARGV[i])),
    away('ringing'), away('talking'), away('wrap-up'), away('paused'),
  }
end
return rows
