-- Ends the wrap-ups, pauses, rests and windows whose time has come, and looks again at the queues that may now be offered to
-- more; at most a hundred at once: the earliest deadline returned says whether more are due. Each counts from its own deadline, so that a late timer puts nobody at a disadvantage.
-- KEYS[1] root
-- ARGV[1] now, [2] offer id seed
-- returns {how many, offers, changes, earliest deadline}

local due = redis.call('ZRANGEBYSCORE', key('deadlines'), '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, 100)
for i = 1, #due, 2 do
  local kind, id = due[i]:match('^([^:]+):(.+)$')
  local expert, at = find('expert', id), tonumber(due[i + 1])
  if kind == 'relax' then
    relax_at(id, nil)
    touched[id] = true
  elseif kind == 'keep' then
    close_window(id)
    redis.call('ZREM', key('deadlines'), due[i])
  elseif not expert then
    -- Cannot be; but one stray member would stop all deadlines for ever.
    redis.call('ZREM', key('deadlines'), due[i])
  elseif kind == 'wrap-up' then
    end_wrap_up(expert, at)
  elseif kind == 'pause' then
    set_intent(expert, 'ready', '', '', at)
    tell({ type = 'pause-ended', expertId = expert.id, at = at })
    place(expert)
  else
    set_deadline('rest', expert, '')
    write('expert', expert, { restUntil = '' })
    place(expert)
  end
end
return reply(#due / 2)
