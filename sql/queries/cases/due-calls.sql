-- Calls that leave something to be done and have no case yet, and promises that say more than the case of their call.
-- And outcomes that say follow-up only after the case of their call was closed, or of which the program did not know when it
-- closed the case for that very call; what people closed afterwards stays closed.
-- An abandoned call counts where the citizen had come to the menu, or waited while the exchange was alone. Ids rise with
-- time: the bound is said of every table, so that a look at the last days touches no more than these.
-- params: $1 the last call seen, or an id from which on to look uuid, $2 limit integer
-- rows: callId uuid, reason text, number text, caller text, specialty text, at timestamptz, counts boolean
select due.call_id as "callId", due.reason, due.number, due.caller, due.specialty, due.at, due.counts
from (
  select p.call_id, p.reason, p.number, c.caller, p.specialty, p.made_at as at, true as counts
  from promises p
  join calls c on c.id = p.call_id and c.id > $1::uuid
  left join case_calls k on k.call_id = p.call_id and k.call_id > $1::uuid
  where p.call_id > $1::uuid and (k.call_id is null or exists (
    select from cases owed
    where owed.id = k.case_id
      and (owed.reason = 'abandoned' or (owed.number is null and p.number is not null))
  ))
  union all
  select c.id, 'abandoned', c.caller, c.caller, c.specialty, c.ended_at,
         c.queued_at is not null or c.specialty is not null or c.entry = 'fallback' or exists (
           select from call_entries e
           where e.call_id = c.id
             and (e.kind in ('menu.missed', 'menu.chosen')
               or (e.kind = 'call.ended' and e.data ->> 'state' not in ('greeting', 'hours-check')))
         )
  from calls c
  where c.ending = 'abandoned' and c.direction = 'inbound' and c.id > $1::uuid
    and not exists (select from promises p where p.call_id = c.id and p.call_id > $1::uuid)
    and not exists (select from case_calls k where k.call_id = c.id and k.call_id > $1::uuid)
    and not exists (select from case_waivers w where w.call_id = c.id and w.call_id > $1::uuid)
  union all
  select o.call_id, 'follow-up', coalesce(c.keyed_number, c.caller), c.caller, c.specialty, o.set_at, true
  from outcomes o
  join calls c on c.id = o.call_id
  where (o.follow_up or o.code = 'follow-up-needed') and o.call_id > $1::uuid
    and not exists (select from case_calls k where k.call_id = o.call_id and k.call_id > $1::uuid)
    and not exists (select from promises p where p.call_id = o.call_id and p.call_id > $1::uuid)
    and not exists (
      select from outcomes later where later.call_id = o.call_id and (later.set_at, later.id) > (o.set_at, o.id)
    )
  union all
  select o.call_id, 'follow-up', coalesce(c.keyed_number, c.caller), c.caller, c.specialty, o.set_at, true
  from outcomes o
  join case_calls k on k.call_id = o.call_id and k.call_id > $1::uuid
  join cases owed on owed.id = k.case_id and owed.state = 'closed'
  join calls c on c.id = o.call_id
  cross join lateral (
    select e.at, e.actor, e.data from case_entries e
    where e.case_id = owed.id and e.kind = 'case.closed'
    order by e.seq desc limit 1
  ) as closed
  where (o.follow_up or o.code = 'follow-up-needed') and o.call_id > $1::uuid
    and (closed.at < o.set_at or (closed.actor = 'system' and closed.data ->> 'callId' = o.call_id::text))
    and not exists (
      select from outcomes later where later.call_id = o.call_id and (later.set_at, later.id) > (o.set_at, o.id)
    )
) as due
order by due.call_id
limit $2::integer;
