-- What the transitions share. It stands before every script of this folder.
--
-- KEYS[1] is the root of all keys, e.g. `{clinic}:routing`: one hash tag, so that Redis Cluster keeps them together.
-- ARGV[1] is the time in milliseconds, ARGV[2] a fresh UUID from which the ids of the offers made here are counted up.
-- The last argument, taken off here, is the epoch of the process that asks, 0 of a mere reader. A transition by an older
-- one than the newest (KEYS[2]) is refused before anything is read: see platform/fence.ts. The one before it is the turn
-- which the transition follows; one that is not known here is refused: see memory.ts. Before that stand the rules (see
-- mechanism.ts) as JSON, or '' where levels only order, nothing overflows and no wait is bounded:
--   {step: ms a level, bound: ms, overflow: {<specialty>: [[<specialty whose experts may help>, after ms], …]}}
-- Under the root:
--   expert:<id>           hash   one expert: see STATUS, and idleSince (before the ring), offerId, removed, serves (the
--                                specialty of the present or last call), share (what of them each specialty has in shares)
--   experts               set    all of them
--   call:<id>             hash   specialty score queuedAt state(waiting|ringing|talking) attempts offerId expertId offer
--   specialties           set    every specialty met so far
--   waiting:<specialty>   zset   call by score: the queue, a rung-for citizen keeps the place in it
--   eligible:<specialty>  zset   the same without those who have a live offer: who is next
--   entered:<specialty>   zset   call by the time it was queued, for the longest wait
--   idle:<specialty>      zset   expert by level and idle-since (idle_score): who may be asked, the best first, of these the
--                                longest idle
--   staff:<specialty>     zset   expert by level: who is at work, idle or not
--   shares                hash   specialty → what of these experts falls to it, in WHOLE to one expert
--   engaged:<specialty>   set    experts with the skill who are at one of its calls, from the ring to the end of wrap-up
--   away:<specialty>      zset   every other expert with the skill by the reason (AWAY)
--   offers                hash   offer → `ringing|talking <call> <expert>`
--   turn                  int    transitions so far
--   kept                  hash   call → the only expert who may be asked before the call's window is over; few at any time
--   deadlines             zset   `<kind>:<expert>` by the time at which wrap-up, pause or rest is over; `keep:<call>` a window;
--                                `relax:<specialty>` when the first in that queue may be offered to more than now
--   relaxing              hash   specialty → that time, for those that have one
-- idle and away are kept per specialty so that an offer reads at most thirty members, however many experts there are.

local epoch, newest = tonumber(table.remove(ARGV)), tonumber(redis.call('GET', KEYS[2]) or 0)
if epoch > 0 and epoch < newest then return -99 end
local shown = tonumber(table.remove(ARGV))
if shown > 0 and shown > tonumber(redis.call('GET', KEYS[1] .. ':turn') or 0) then return -98 end
if epoch > newest then redis.call('SET', KEYS[2], epoch) end
local policy = table.remove(ARGV)
policy = policy ~= '' and cjson.decode(policy) or nil

local root, now, seed = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local offers, changes, touched = {}, {}, {}

local EXPERT_UNKNOWN, CALL_TALKING = -1, -2
local CANDIDATES_KEPT, EXCLUDED_KEPT = 10, 20
local BEST_LEVEL, LEVEL_BAND = 5, 1e13
-- An expert, counted for each of one to eight specialties in whole numbers.
local WHOLE = 840
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

local function set_deadline(kind, row, at)
  local member = kind .. ':' .. row.id
  if at == '' then redis.call('ZREM', key('deadlines'), member)
  else redis.call('ZADD', key('deadlines'), at, member) end
end

local function tell(change)
  changes[#changes + 1] = cjson.encode(change)
end

local function has_skill(expert, specialty)
  return (',' .. expert.specialties .. ','):find(',' .. specialty .. ',', 1, true) ~= nil
end

---- Windows ----

-- A kept call stays in `eligible`; who looks for the next citizen passes it over while its expert is not idle.
local kept_calls
local function kept()
  if not kept_calls then
    kept_calls = {}
    local flat = redis.call('HGETALL', key('kept'))
    for i = 1, #flat, 2 do kept_calls[flat[i]] = flat[i + 1] end
  end
  return kept_calls
end

-- Anybody may be asked from here on.
local function close_window(call_id)
  if not kept()[call_id] then return end
  kept_calls[call_id] = nil
  redis.call('HDEL', key('kept'), call_id)
  set_deadline('keep', { id = call_id }, '')
  local specialty = redis.call('HGET', key('call', call_id), 'specialty')
  if specialty then touched[specialty] = true end
end

-- Nobody waits for an expert who wants no calls.
local function close_windows_of(expert)
  for call_id, id in pairs(kept()) do
    if id == expert.id then close_window(call_id) end
  end
end

-- The window as the call itself knows it; none, or one that has no sense (any more), closes the one that stands. Whose expert
-- only helped out, and may not do so at the moment, goes to anybody.
local function open_window(call, expert_id, until_)
  local expert = tonumber(until_) > now and roster_expert(expert_id)
  local skilled = expert and has_skill(expert, call.specialty)
  if not skilled or expert.intent ~= 'ready' then return close_window(call.id) end
  kept()[call.id] = expert_id
  redis.call('HSET', key('kept'), call.id, expert_id)
  set_deadline('keep', call, until_)
  touched[call.specialty] = true
end

---- Experts ----

-- A better level comes before a longer idle time; milliseconds since the epoch stay far below the band until 2286.
local function idle_score(level, since) return (BEST_LEVEL - level) * LEVEL_BAND + tonumber(since) end
local function level_of(score) return BEST_LEVEL - math.floor(score / LEVEL_BAND) end
local function since_of(score) return tonumber(score) % LEVEL_BAND end

-- For each skill the specialty and the level; the best where none was told.
local function skills_of(expert)
  local names, levels = expert.specialties:gmatch('[^,]+'), (expert.levels or ''):gmatch('%d+')
  return function()
    local name = names()
    if name then return name, tonumber(levels() or BEST_LEVEL) end
  end
end

local function standing(expert)
  if expert.activity ~= 'idle' then return expert.activity end
  if expert.intent ~= 'ready' then return expert.intent end
  if expert.reachable ~= '1' then return 'unreachable' end
  if expert.restUntil ~= '' then return 'resting' end
  return 'available'
end

-- An expert is divided evenly among the specialties.
local function share_of(expert)
  local count = 0
  for _ in skills_of(expert) do count = count + 1 end
  return count > 0 and math.floor(WHOLE / count) or 0
end

local function count_share(expert, share)
  local change = share - tonumber(expert.share or 0)
  if change == 0 then return end
  for specialty in skills_of(expert) do redis.call('HINCRBY', key('shares'), specialty, change) end
end

-- At work is who comes back to the queue without being asked: not who wants a pause after the present talk.
local function put_to_staff(expert)
  local works = expert.intent == 'ready' and (expert.activity ~= 'idle' or expert.reachable == '1')
  local mark, share = works and '1' or '', works and share_of(expert) or 0
  if (expert.works or '') == mark and tonumber(expert.share or 0) == share then return end
  count_share(expert, share)
  write('expert', expert, { works = mark, share = share })
  for specialty, level in skills_of(expert) do
    if works then redis.call('ZADD', key('staff', specialty), level, expert.id)
    else redis.call('ZREM', key('staff', specialty), expert.id) end
    touched[specialty] = true
  end
end

-- Who only helps out is not one of the queue's own.
local function put_to_engaged(expert)
  local serves = expert.serves or ''
  if serves == '' then return end
  local counts = expert.activity ~= 'idle' and has_skill(expert, serves)
  redis.call(counts and 'SADD' or 'SREM', key('engaged', serves), expert.id)
end

-- Puts the expert where the present standing belongs, in every specialty of theirs.
local function place(expert)
  local stands = standing(expert)
  put_to_staff(expert)
  put_to_engaged(expert)
  for specialty, level in skills_of(expert) do
    if stands == 'available' then
      redis.call('ZREM', key('away', specialty), expert.id)
      redis.call('ZADD', key('idle', specialty), idle_score(level, expert.since), expert.id)
      touched[specialty] = true
    else
      redis.call('ZREM', key('idle', specialty), expert.id)
      redis.call('ZADD', key('away', specialty), AWAY[stands], expert.id)
    end
  end
end

-- Somebody not known so far: offline and unreachable until told otherwise.
local function new_expert(id, specialties, levels)
  local expert = { id = id }
  redis.call('SADD', key('experts'), id)
  write('expert', expert, {
    intent = 'offline', reason = '', pausedUntil = '', reachable = '0',
    activity = 'idle', since = ARGV[1], idleSince = ARGV[1], callId = '', offerId = '', wrapUpUntil = '',
    restUntil = '', misses = 0, specialties = specialties, levels = levels, works = '', share = 0,
    serves = '', removed = '',
  })
  return expert
end

local function unplace(expert)
  for specialty in skills_of(expert) do
    for _, kind in ipairs({ 'idle', 'away', 'staff' }) do redis.call('ZREM', key(kind, specialty), expert.id) end
    touched[specialty] = true
  end
  if (expert.serves or '') ~= '' then redis.call('SREM', key('engaged', expert.serves), expert.id) end
  count_share(expert, 0)
  write('expert', expert, { works = '', share = 0 })
end

local function forget(expert)
  unplace(expert)
  close_windows_of(expert)
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
  if intent ~= 'ready' then close_windows_of(expert) end
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
  open_window(call, ARGV[8], ARGV[9])
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

-- helper: the specialty whose experts are asked, where it is not the call's own. equity: who came before was passed over.
local function reason_of(call, helper, equity)
  local candidates, excluded = {}, {}
  local function candidate(id, since)
    if #candidates == CANDIDATES_KEPT then return end
    candidates[#candidates + 1] = { expertId = id, idleMs = math.max(0, now - since_of(since)) }
  end
  local only = kept()[call.id]
  if only then candidate(only, redis.call('ZSCORE', key('idle', call.specialty), only)) end
  local asked = redis.call('ZRANGE', key('idle', helper or call.specialty), 0, CANDIDATES_KEPT - 1, 'WITHSCORES')
  for i = 1, #asked, 2 do
    if asked[i] ~= only then candidate(asked[i], asked[i + 1]) end
  end
  local away = redis.call('ZRANGE', key('away', call.specialty), 0, EXCLUDED_KEPT - 1, 'WITHSCORES')
  for i = 1, #away, 2 do
    excluded[#excluded + 1] = { expertId = away[i], because = REASONS[tonumber(away[i + 1])] }
  end
  return {
    rule = equity and 'equity' or helper and 'overflow' or only and 'same-expert-again'
      or 'longest-waiting-to-longest-idle',
    waitedMs = math.max(0, now - tonumber(call.queuedAt)),
    position = position(call),
    candidates = candidates,
    excluded = excluded,
  }
end

-- Asks the best and longest idle expert of the call's specialty or of the one that helps, or the one it is kept for.
local function make_offer(call, helper, equity)
  local id, why = next_offer_id(), reason_of(call, helper, equity)
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
    serves = call.specialty,
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

-- Whether the first in a queue may have the best of its idle experts now; else when: a citizen waits a step for each level
-- below the best one at work. Nobody at work who is better: at once.
local function own_turn(specialty, score)
  local top = redis.call('ZRANGE', key('idle', specialty), 0, 0, 'WITHSCORES')
  if #top == 0 then return false, nil end
  local level = level_of(tonumber(top[2]))
  local step = policy and policy.step or 0
  if step == 0 or level == BEST_LEVEL or score + (BEST_LEVEL - level) * step <= now then return true, nil end
  local best = tonumber(redis.call('ZREVRANGE', key('staff', specialty), 0, 0, 'WITHSCORES')[2] or level)
  local at = score + (best - level) * step
  if best <= level or at <= now then return true, nil end
  return false, at
end

-- The specialty whose experts may help the first in a queue now; else when one may. Only experts for whom nobody of their own
-- queue waits: their own citizens are kept waiting by no flood elsewhere for longer than the talks already begun.
local function help_for(specialty, score)
  local soonest
  for _, rule in ipairs(policy and policy.overflow[specialty] or {}) do
    local helper, at = rule[1], score + rule[2]
    local has_idle = redis.call('EXISTS', key('idle', helper)) == 1
    if has_idle and redis.call('EXISTS', key('eligible', helper)) == 0 then
      if at <= now then return helper, nil end
      if not soonest or at < soonest then soonest = at end
    end
  end
  return nil, soonest
end

-- Of those who are kept for somebody, the first in the queue whose expert is idle.
local function next_kept(specialty)
  local first
  for id, only in pairs(kept()) do
    local score = redis.call('ZSCORE', key('eligible', specialty), id)
    if score and redis.call('ZSCORE', key('idle', specialty), only) then
      local call = { id = id, score = tonumber(score) }
      if not first or before(call, first) then first = call end
    end
  end
  return first
end

-- The first citizen of a queue who may be offered somebody, and by whom else's experts if so; nil: none, and when that
-- changes by itself. What the first may not have yet nobody behind may: the order is that of time. Whose window stands is
-- passed over while the expert of it is not idle, so that no more are looked at than are kept, and one.
local function next_in(specialty, windows)
  local head = redis.call('ZRANGE', key('eligible', specialty), 0, windows, 'WITHSCORES')
  for i = 1, #head, 2 do
    local call = { id = head[i], score = tonumber(head[i + 1]) }
    local only = kept()[call.id]
    if only then
      if redis.call('ZSCORE', key('idle', specialty), only) then return call end
    else
      local turn, own_at = own_turn(specialty, call.score)
      if turn then return call end
      local other = windows > 0 and next_kept(specialty)
      if other then return other end
      local helper, help_at = help_for(specialty, call.score)
      if helper then
        call.helper = helper
        return call
      end
      return nil, own_at and help_at and math.min(own_at, help_at) or own_at or help_at
    end
  end
  return nil
end

local relaxing_at
local function relaxing()
  if not relaxing_at then
    relaxing_at = {}
    local flat = redis.call('HGETALL', key('relaxing'))
    for i = 1, #flat, 2 do relaxing_at[flat[i]] = tonumber(flat[i + 1]) end
  end
  return relaxing_at
end

local function relax_at(specialty, at)
  if relaxing()[specialty] == at then return end
  relaxing_at[specialty] = at
  set_deadline('relax', { id = specialty }, at or '')
  if at then redis.call('HSET', key('relaxing'), specialty, at)
  else redis.call('HDEL', key('relaxing'), specialty) end
end

-- By the clock, or by what happens to helpers, more may have become possible in queues that nothing has touched.
local function touch_by_policy()
  for specialty in pairs(relaxing()) do touched[specialty] = true end
  for specialty, rules in pairs(policy.overflow) do
    for _, rule in ipairs(rules) do
      if touched[rule[1]] then touched[specialty] = true end
    end
  end
end

-- The old order of the heads: help comes after all who are served by their own.
local function sooner(a, b)
  if (a.helper ~= nil) ~= (b.helper ~= nil) then return b.helper ~= nil end
  return before(a, b)
end

-- Whom the first in a queue would be offered to, of its own.
local function expert_for(call)
  return kept()[call.id] or redis.call('ZRANGE', key('idle', call.specialty), 0, 0)[1]
end

-- Has waited for the bound, while fewer of the queue's own experts are at its calls than fall to it.
local function is_pressed(call)
  if call.helper then return false end
  local queued_at = tonumber(redis.call('ZSCORE', key('entered', call.specialty), call.id) or now)
  if now - queued_at < policy.bound then return false end
  local engaged = redis.call('SCARD', key('engaged', call.specialty))
  return engaged * WHOLE < tonumber(redis.call('HGET', key('shares'), call.specialty) or 0)
end

-- Of several who are pressed first who is of another specialty than the expert's last call: a single expert can be divided
-- in no other way.
local function press_of(call)
  if not is_pressed(call) then return 2 end
  return redis.call('HGET', key('expert', expert_for(call)), 'serves') == call.specialty and 1 or 0
end

-- Of the heads of several queues who is next; within a queue this changes nothing.
local function pick(heads)
  local first, chosen
  for _, call in ipairs(heads) do
    if not first or sooner(call, first) then first = call end
  end
  if #heads < 2 or not policy or (policy.bound or 0) == 0 then return first end
  for _, call in ipairs(heads) do
    call.press = press_of(call)
    if not chosen or call.press < chosen.press or (call.press == chosen.press and sooner(call, chosen)) then chosen = call end
  end
  chosen.equity = chosen ~= first and expert_for(chosen) == expert_for(first)
  return chosen
end

-- The one rule. Of the citizens at the head of a touched queue who may be offered somebody, who is pressed and then the first
-- in order gets the best, of these the longest idle expert; again until there is none. Untouched queues have none: every
-- transition ends here.
local function settle()
  local windows, times = 0, {}
  if policy then touch_by_policy() end
  if next(touched) then
    for _ in pairs(kept()) do windows = windows + 1 end
  end
  while true do
    local heads = {}
    for specialty in pairs(touched) do
      local call, at = next_in(specialty, windows)
      times[specialty] = at
      if call then
        call.specialty = specialty
        heads[#heads + 1] = call
      end
    end
    local first = pick(heads)
    if not first then break end
    make_offer(find('call', first.id), first.helper, first.equity)
  end
  if policy then
    for specialty in pairs(touched) do relax_at(specialty, times[specialty]) end
  end
  touched = {}
end

-- What every transition returns: its own result, offers and changes as JSON texts, the earliest deadline or '', the turn.
local function reply(result)
  settle()
  local earliest = redis.call('ZRANGE', key('deadlines'), 0, 0, 'WITHSCORES')
  return { result, offers, changes, earliest[2] or '', redis.call('INCR', key('turn')) }
end
