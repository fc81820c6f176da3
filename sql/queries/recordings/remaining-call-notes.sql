-- How many of these calls still have an old note anywhere. Must be 0.
-- params: $1 call ids uuid[], $2 before timestamptz
-- rows: count integer
select count(*)::integer as count
from calls c
where c.id = any ($1::uuid[]) and (
  exists (select from outcomes o where o.call_id = c.id and o.note is not null and o.set_at < $2)
  or exists (
    select from call_entries e
    where e.call_id = c.id and e.kind = 'outcome.set' and e.at < $2 and e.data ->> 'note' is not null
  )
);
