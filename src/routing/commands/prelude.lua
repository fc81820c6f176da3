-- What the transitions share. It stands before every script of this folder.
--
-- KEYS[1] is the root of all keys, e.g. `{clinic}:routing`: one hash tag, so that Redis Cluster keeps them together.
-- ARGV[1] is the time in milliseconds, ARGV[2] a fresh UUID from which the ids of the offers made here are counted up.
-- Under the root:
--   expert:<id>           hash   one expert: see STATUS, and idleSince (before the ring), offerId, removed
--   experts               set    all of them
--   call:<id>             hash   specialty score queuedAt state(waiting|ringing|talking) attempts offerId expertId offer
--   specialties           set    every specialty met so far
--   waiting:<specialty>   zset   call by score: the queue, a rung-for citizen keeps the place in it
--   eligible:<specialty>  zset   the same without those who have a live offer: who is next
--   entered:<specialty>   zset   call by the time it was queued, for the longest wait
--   idle:<specialty>      zset   expert by idle-since: who may be asked, longest idle first
--   away:<specialty>      zset   every other expert with the skill by the reason (AWAY)
--   offers                hash   offer → `ringing|talking <call> <expert>`
--   deadlines             zset   `<kind>:<expert>` by the time at which wrap-up, pause or rest is over
-- idle and away are kept per specialty so that an offer reads at most thirty members, however many experts there are.

local root, now, seed = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local offers, changes, touched = {}, {}, {}

local EXPERT_UNKNOWN, CALL_TALKING = -1, -2
local CANDIDATES_KEPT, EXCLUDED_KEPT = 10, 20
-- At work first: of many who cannot be asked, those explain an offer best.
local AWAY = { talking = 1, ringing = 2, ['wrap-up'] = 3, resting = 4, paused = 5, unreachable = 6, offline = 7 }
local REASONS = { 'talking', 'ringing', 'wrap-up', 'resting', 'paused', 'unreachable', 'offline' }
local STATUS = {
  'intent', 'reason', 'pausedUntil', 'reachable', 'activity', 'since',
  'callId', 'wrapUpUntil', 'restUntil', 'misses', 'specialties',
}

local function key(kind, name)
  if name then return root .. ':' .. kind .. ':' .. name end
  return root .. ':' .. kind
end

local function find(kind, id)
  local flat = redis.call('HGETALL', key(kind, id))
  if #flat == 0 then return nil end
  local row = { id = id }
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return row
end

-- Writes fields of a row and keeps the table at hand in step. There is no null: '' stands for it.
local function write(kind, row, fields)
  local flat = {}
  for name, value in pairs(fields) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
    row[name] = tostring(value)
  end
  redis.call('HSET', key(kind, row.id), unpack(flat))
end

-- An expert who is known and not on the way out.
local function roster_expert(id)
  local expert = find('expert', id)
  if expert and expert.removed ~= '1' then return expert end
  return nil
end

-- One expert as the readers see it: the id, then the fields of STATUS.
local function status(id)
  local values = redis.call('HMGET', key('expert', id), unpack(STATUS))
  if not values[1] then return false end
  table.insert(values, 1, id)
  return values
end

local function set_deadline(kind, expert, at)
  local member = kind .. ':' .. expert.id
  if at == '' then redis.call('ZREM', key('deadlines'), member)
  else redis.call('ZADD', key('deadlines'), at, member) end
end

local function tell(change)
  changes[#changes + 1] = cjson.encode(change)
end

---- Experts ----

local function standing(expert)
  if expert.activity ~= 'idle' then return expert.activity end
  if expert.intent ~= 'ready' then return expert.intent end
  if expert.reachable ~= '1' then return 'unreachable' end
  if expert.restUntil ~= '' then return 'resting' end
  return 'available'
end

-- Puts the expert where the present standing belongs, in every specialty of theirs.
local function place(expert)
  local stands = standing(expert)
  for specialty in expert.specialties:gmatch('[^,]+') do
    if stands == 'available' then
      redis.call('ZREM', key('away', specialty), expert.id)
      redis.call('ZADD', key('idle', specialty), expert.since, expert.id)
      touched[specialty] = true
    else
      redis.call('ZREM', key('idle', specialty), expert.id)
      redis.call('ZADD', key('away', specialty), AWAY[stands], expert.id)
    end
  end
end

-- Somebody not known so far: offline and unreachable until told otherwise.
local function new_expert(id, specialties)
  local expert = { id = id }
  redis.call('SADD', key('experts'), id)
  write('expert', expert, {
    intent = 'offline', reason = '', pausedUntil = '', reachable = '0',
    activity = 'idle', since = ARGV[1], idleSince = ARGV[1], callId = '', offerId = '', wrapUpUntil = '',
    restUntil = '', misses = 0, specialties = specialties, removed = '',
  })
  return expert
end

local function unplace(expert)
  for specialty in expert.specialties:gmatch('[^,]+') do
    redis.call('ZREM', key('idle', specialty), expert.id)
    redis.call('ZREM', key('away', specialty), expert.id)
  end
end

local function forget(expert)
  unplace(expert)
  for _, kind in ipairs({ 'wrap-up', 'pause', 'rest' }) do set_deadline(kind, expert, '') end
  redis.call('SREM', key('experts'), expert.id)
  redis.call('DEL', key('expert', expert.id))
end

-- The expert has nothing to do any more; `since` is where the idle time counts from.
local function free(expert, since)
  if expert.removed == '1' then return forget(expert) end
  write('expert', expert, { activity = 'idle', since = since, callId = '', offerId = '', wrapUpUntil = '' })
  place(expert)
end

local function rest(expert, until_)
  if until_ <= now then return end
  write('expert', expert, { restUntil = until_ })
  set_deadline('rest', expert, until_)
end

local function end_wrap_up(expert, at)
  set_deadline('wrap-up', expert, '')
  tell({ type = 'wrap-up-ended', expertId = expert.id, callId = expert.callId, at = at })
  free(expert, at)
end

local function set_intent(expert, intent, reason, until_, at)
  local fields = { intent = intent, reason = reason, pausedUntil = until_ }
  if intent == 'ready' and expert.intent ~= 'ready' then
    -- Back at the desk: what was missed before is forgiven, and idleness counts from here.
    fields.misses = 0
    if expert.activity == 'idle' then fields.since = at end
  end
  write('expert', expert, fields)
  set_deadline('pause', expert, until_)
end

---- Citizens ----

local function join(call)
  redis.call('ZADD', key('waiting', call.specialty), call.score, call.id)
  redis.call('ZADD', key('entered', call.specialty), call.queuedAt, call.id)
  redis.call('ZADD', key('eligible', call.specialty), call.score, call.id)
  touched[call.specialty] = true
end

local function unjoin(call)
  for _, kind in ipairs({ 'waiting', 'entered', 'eligible' }) do
    redis.call('ZREM', key(kind, call.specialty), call.id)
  end
end

-- A citizen not known so far joins the queue. ARGV as enqueue and requeue have them.
local function enter()
  local call = { id = ARGV[3] }
  write('call', call, {
    specialty = ARGV[4], score = ARGV[5], queuedAt = ARGV[6],
    state = 'waiting', attempts = ARGV[7], offerId = '', expertId = '', offer = '',
  })
  redis.call('SADD', key('specialties'), call.specialty)
  join(call)
end

local function position(call)
  local rank = redis.call('ZRANK', key('waiting', call.specialty), call.id)
  if rank then return rank + 1 end
  return false
end

-- The call's offer or talk is over and the citizen waits at the old place, to be offered on. The expert is not touched.
local function wait_again(call)
  redis.call('HDEL', key('offers'), call.offerId)
  write('call', call, { state = 'waiting', offerId = '', expertId = '', offer = '' })
  join(call)
end

-- offer → its call and expert while they are in `state`; nil when the offer no longer stands.
local function reserved(offer_id, state)
  local value = redis.call('HGET', key('offers'), offer_id)
  if not value then return nil end
  local stands, call_id, expert_id = value:match('^(%S+) (%S+) (%S+)$')
  if stands ~= state then return nil end
  return find('call', call_id), find('expert', expert_id)
end

---- Who speaks with whom ----

-- Counts the seed's last twelve hex digits up: ids are unique without a counter that a flush would set back.
local function next_offer_id()
  local tail = (tonumber(seed:sub(-12), 16) + #offers) % 2 ^ 48
  return seed:sub(1, -13) .. string.format('%012x', tail)
end

local function reason_of(call)
  local candidates, excluded = {}, {}
  local asked = redis.call('ZRANGE', key('idle', call.specialty), 0, CANDIDATES_KEPT - 1, 'WITHSCORES')
  for i = 1, #asked, 2 do
    candidates[#candidates + 1] = { expertId = asked[i], idleMs = math.max(0, now - tonumber(asked[i + 1])) }
  end
  local away = redis.call('ZRANGE', key('away', call.specialty), 0, EXCLUDED_KEPT - 1, 'WITHSCORES')
  for i = 1, #away, 2 do
    excluded[#excluded + 1] = { expertId = away[i], because = REASONS[tonumber(away[i + 1])] }
  end
  return {
    rule = 'longest-waiting-to-longest-idle',
    waitedMs = math.max(0, now - tonumber(call.queuedAt)),
    position = position(call),
    candidates = candidates,
    excluded = excluded,
  }
end

-- Asks the longest idle expert of the call's specialty.
local function make_offer(call)
  local id, why = next_offer_id(), reason_of(call)
  local expert = find('expert', why.candidates[1].expertId)
  local offer = cjson.encode({
    offerId = id, callId = call.id, expertId = expert.id, specialty = call.specialty,
    madeAt = now, attempt = call.attempts + 1, why = why,
  })
  offers[#offers + 1] = offer
  redis.call('ZREM', key('eligible', call.specialty), call.id)
  redis.call('HSET', key('offers'), id, 'ringing ' .. call.id .. ' ' .. expert.id)
  write('call', call, {
    state = 'ringing', attempts = call.attempts + 1, offerId = id, expertId = expert.id, offer = offer,
  })
  write('expert', expert, {
    activity = 'ringing', idleSince = expert.since, since = now, callId = call.id, offerId = id,
  })
  place(expert)
end

-- By bytes, as sorted sets do: Lua's own `<` follows the server's locale.
local function bytes_before(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then return a:byte(i) < b:byte(i) end
  end
  return #a < #b
end

local function before(a, b)
  if a.score ~= b.score then return a.score < b.score end
  return bytes_before(a.id, b.id)
end

-- The one rule. Of the citizens at the head of a touched queue with somebody idle, the first in order gets the longest
-- idle expert; again until no queue has both. Untouched queues cannot have both: every transition ends here.
local function settle()
  while true do
    local first
    for specialty in pairs(touched) do
      local head = redis.call('ZRANGE', key('eligible', specialty), 0, 0, 'WITHSCORES')
      if #head > 0 and redis.call('EXISTS', key('idle', specialty)) == 1 then
        local call = { id = head[1], score = tonumber(head[2]) }
        if not first or before(call, first) then first = call end
      end
    end
    if not first then break end
    make_offer(find('call', first.id))
  end
  touched = {}
end

-- What every transition returns: its own result, offers and changes as JSON texts, the earliest deadline or ''.
local function reply(result)
  settle()
  local earliest = redis.call('ZRANGE', key('deadlines'), 0, 0, 'WITHSCORES')
  return { result, offers, changes, earliest[2] or '' }
end
