-- How many calls left something to be done and have no case, though there was time to open one: must be none.
-- params: $1 from timestamptz, $2 before timestamptz
-- rows: count integer
select count(distinct owed.call_id)::integer as count
from (
  select call_id, made_at as at from promises
  union all
  select c.id, c.ended_at from calls c
  where c.ending = 'abandoned' and c.direction = 'inbound'
    and not exists (select from case_waivers w where w.call_id = c.id)
  union all
  select o.call_id, o.set_at from outcomes o
  where (o.follow_up or o.code = 'follow-up-needed')
    and not exists (
      select from outcomes later where later.call_id = o.call_id and (later.set_at, later.id) > (o.set_at, o.id)
    )
) as owed
where owed.at >= coalesce($1::timestamptz, '-infinity') and owed.at < $2::timestamptz
  and not exists (select from case_calls k where k.call_id = owed.call_id);
