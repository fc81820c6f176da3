-- Cases that promise a call and have no callback yet, with the place of the first of their calls. Older ones are left to people.
-- reachedBy: whoever left a number has then talked with an expert in the same call; what came of that is known after its wrap-up.
-- params: $1 reasons text[], $2 states text[], $3 opened after timestamptz, $4 limit integer
-- rows: caseId uuid, reason text, number text, specialty text, placeAt timestamptz, lastAt timestamptz, reachedBy uuid, followUp boolean, outcome text
select c.id as "caseId", c.reason, c.number, c.specialty, coalesce(first.place_at, c.opened_at) as "placeAt",
       coalesce(first.last_at, c.opened_at) as "lastAt", reached.id as "reachedBy",
       coalesce(o.follow_up or o.code = 'follow-up-needed', false) as "followUp", o.code as outcome
from cases c
cross join lateral (
  select min(coalesce(k.queued_at, k.entered_at)) as place_at, max(k.ended_at) as last_at
  from case_calls l
  join calls k on k.id = l.call_id
  where l.case_id = c.id
) as first
left join lateral (
  select k.id, k.state
  from case_calls l
  join calls k on k.id = l.call_id
  join promises p on p.call_id = k.id and p.reason = 'callback'
  where l.case_id = c.id and c.reason = 'callback' and k.ending = 'answered' and k.ended_at = first.last_at
  limit 1
) as reached on true
left join lateral (
  select code, follow_up from outcomes where call_id = reached.id order by set_at desc, id desc limit 1
) as o on true
where c.reason = any ($1::text[]) and c.state = any ($2::text[]) and c.opened_at > $3::timestamptz
  and c.number is not null and not exists (select from callbacks b where b.case_id = c.id)
  and (reached.id is null or reached.state = 'ended')
order by c.id
limit $4::integer;
